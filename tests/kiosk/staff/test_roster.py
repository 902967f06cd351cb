"""Signing in: who, how often, how long without central, and on whose word."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from argon2.exceptions import HashingError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.audit.log import AuditLog, set_aside
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.events import SignedIn, SignedOut
from kiosk.model import Clerk, Role
from kiosk.staff import review_key
from kiosk.staff.actions import StaffAction
from kiosk.staff.roster import LOCKS_FILE, ROSTER_FILE, Roster
from kiosk.staff.roster_memory import RosterMemory
from tests.support.roster_signer import (
    BOSS,
    BOSS_PIN,
    CLERK,
    CLERK_PIN,
    NOW,
    SETTINGS,
    RosterSigner,
    member,
    staff,
)

DAY = 86_400.0


class RosterReader:
    """A terminal's roster, with a clock and everything that it gave."""

    def __init__(self, folder):
        self.folder, self.office, self.now = folder, RosterSigner(), NOW
        self.events, self.notes = [], []
        self.start()
        self.roster.accept(self.office.roster())

    def start(self):
        """Start; called again, it is a start after a power cut."""
        self.audit = AuditLog(self.folder.parent / "audit" / "audit.log", lambda: self.now)
        self.roster = Roster(
            self.folder,
            SETTINGS,
            self.office.trust,
            RosterMemory(self.audit),
            post=self.events.append,
            record=self.record,
            clock_unix=lambda: self.now,
        )

    def record(self, action, number, code):
        self.notes.append((action, number, code))
        return self.audit.append(RecordKind.CLERK_ACTED, code)

    def code(self, call, *arguments):
        try:
            call(*arguments)
        except StaffError as error:
            return error.code
        return Code.OK

    def sign_in(self, number=CLERK, pin=CLERK_PIN):
        return self.code(self.roster.sign_in, number, pin)


@pytest.fixture
def point(tmp_path):
    return RosterReader(tmp_path / "staff")


def test_the_right_pin_signs_in_and_says_so(point):
    assert point.roster.sign_in(CLERK, CLERK_PIN) == Clerk(CLERK, Role.CLERK) == point.roster.signed_in
    point.roster.sign_out()
    assert point.roster.signed_in is None
    assert point.events == [SignedIn(Clerk(CLERK, Role.CLERK)), SignedOut(Clerk(CLERK, Role.CLERK))]
    assert point.notes == [(StaffAction.SIGN_IN, CLERK, Code.OK), (StaffAction.SIGN_OUT, CLERK, Code.OK)]


@pytest.mark.parametrize("hours", [12.0, 100.0, -13.0])
def test_a_sign_in_ends_with_the_shift(point, hours):
    point.roster.sign_in(CLERK, CLERK_PIN)
    point.now += 11.9 * 3600.0
    assert point.roster.signed_in == Clerk(CLERK, Role.CLERK)
    point.now = NOW + hours * 3600.0
    assert point.roster.signed_in is None
    assert point.events[-1] == SignedOut(Clerk(CLERK, Role.CLERK), Code.STAFF_IDLE)
    assert point.notes[-1] == (StaffAction.SIGN_OUT, CLERK, Code.STAFF_IDLE)


@pytest.mark.parametrize("pin", ["", "730519", "73051", "7305180", "１２", "a" * 5000])
def test_a_wrong_pin_does_not(point, pin):
    assert point.sign_in(pin=pin) is Code.STAFF_REFUSED
    assert point.roster.signed_in is None
    assert point.events == []


def test_an_unknown_number_is_told_the_same_and_costs_the_same_work(point, monkeypatch):
    seen = []

    def count(*_, **cost):
        seen.append(cost)
        raise HashingError

    monkeypatch.setattr(review_key, "hash_secret_raw", count)
    assert point.sign_in(number="555555") is Code.STAFF_REFUSED
    (cost,) = seen
    assert (cost["memory_cost"], cost["time_cost"], cost["parallelism"]) == (65_536, 2, 1)


def test_neither_pin_nor_mistyped_number_reaches_notes_events_exceptions_or_the_disk(point, caplog):
    point.sign_in(pin="918273")
    point.sign_in(number="918273")
    with pytest.raises(StaffError) as caught:
        point.roster.sign_in(CLERK, "918273")
    left = b"".join(p.read_bytes() for p in point.folder.iterdir()).decode()
    everything = f"{point.notes}{point.events}{caught.value!r}{caplog.text}{left}"
    assert "918273" not in everything


def test_failures_lock_and_the_right_pin_does_not_help_then(point):
    codes = [point.sign_in(pin="000000") for _ in range(3)]
    assert codes == [Code.STAFF_REFUSED, Code.STAFF_REFUSED, Code.STAFF_LOCKED]
    assert point.sign_in() is Code.STAFF_LOCKED
    assert point.roster.locked() == {CLERK: SETTINGS.lock_s}
    point.now += SETTINGS.lock_s - 1
    assert point.sign_in() is Code.STAFF_LOCKED
    point.now += 1
    assert point.sign_in() is Code.OK


def test_each_lock_is_twice_as_long(point):
    for span in (300, 600, 1200):
        for _ in range(3):
            point.sign_in(pin="000000")
        assert point.roster.locked() == {CLERK: span}
        point.now += span


def test_a_power_cut_gives_no_more_tries(point, monkeypatch):
    """The power goes while the PIN is being looked at: the try was counted before."""

    class PlugPulled(BaseException):
        pass

    def pull(*_):
        raise PlugPulled

    monkeypatch.setattr(review_key, "unwrap", pull)
    for _ in range(3):
        with pytest.raises(PlugPulled):
            point.roster.sign_in(CLERK, "000000")
        point.start()
    monkeypatch.undo()
    assert point.sign_in() is Code.STAFF_LOCKED


def test_a_clock_set_back_does_not_make_a_lock_longer(point):
    for _ in range(3):
        point.sign_in(pin="000000")
    point.now -= 200
    assert point.roster.locked() == {CLERK: SETTINGS.lock_s}


def test_guessing_numbers_is_stopped_and_does_not_grow_the_disk(point):
    codes = [point.sign_in(number=f"{n:06}") for n in range(50)]
    assert codes[:3] == [Code.STAFF_REFUSED, Code.STAFF_REFUSED, Code.STAFF_LOCKED]
    assert set(codes[3:]) == {Code.STAFF_LOCKED}
    assert list(json.loads((point.folder / LOCKS_FILE).read_bytes())) == ["nobody"]
    assert point.sign_in() is Code.OK, "those who are known still sign in"


def test_a_supervisor_unlocks_a_clerk_does_not(point):
    for _ in range(3):
        point.sign_in(pin="000000")
    assert point.code(point.roster.unlock, CLERK) is Code.STAFF_ROLE
    point.roster.sign_in(BOSS, BOSS_PIN)
    point.roster.unlock(CLERK)
    assert point.sign_in() is Code.OK
    assert (StaffAction.UNLOCK, BOSS, Code.OK) in point.notes


def test_central_unlocks(point):
    for _ in range(3):
        point.sign_in(pin="000000")
    point.now += 10
    point.roster.accept(point.office.roster([member(unlocked_unix=NOW + 5)], at=point.now))
    assert point.sign_in() is Code.OK


def test_a_damaged_record_of_failures_locks_every_number(point):
    (point.folder / LOCKS_FILE).write_bytes(b"{")
    assert point.sign_in() is Code.STAFF_UNKEPT


def test_a_second_signature_is_another_persons_and_changes_nobody(point):
    point.roster.sign_in(CLERK, CLERK_PIN)
    assert point.roster.attest(BOSS, BOSS_PIN, Role.SUPERVISOR).clerk == Clerk(BOSS, Role.SUPERVISOR)
    assert point.roster.signed_in == Clerk(CLERK, Role.CLERK)
    assert point.code(point.roster.attest, CLERK, CLERK_PIN, Role.CLERK) is Code.STAFF_SAME_PERSON
    assert point.code(point.roster.attest, BOSS, "111111", Role.CLERK) is Code.STAFF_REFUSED


def test_a_clerk_cannot_sign_as_a_supervisor(point):
    point.roster.sign_in(BOSS, BOSS_PIN)
    assert point.code(point.roster.attest, CLERK, CLERK_PIN, Role.SUPERVISOR) is Code.STAFF_ROLE
    assert point.roster.attest(CLERK, CLERK_PIN, Role.CLERK).clerk == Clerk(CLERK, Role.CLERK)


def test_without_central_it_ends(point):
    point.now += 7 * DAY - 1
    assert point.sign_in() is Code.OK
    point.now += 1
    assert point.sign_in() is Code.STAFF_ROSTER_EXPIRED
    assert point.roster.state() is Code.STAFF_ROSTER_EXPIRED


@pytest.mark.parametrize("days", [1, 30])
def test_the_shorter_of_centrals_and_the_sites_patience_rules(point, days):
    point.roster.accept(point.office.roster(days=days))
    assert point.roster.expires_unix() == NOW + min(days, 7) * DAY


def test_a_clock_set_back_before_the_signature_does_not_help(point):
    point.now -= DAY
    assert point.sign_in() is Code.STAFF_ROSTER_EXPIRED


def test_without_a_roster_no_clerk_signs_in(point):
    (point.folder / ROSTER_FILE).unlink()
    assert point.sign_in() is Code.STAFF_NONE
    point.roster.accept(point.office.roster([]))
    assert point.sign_in() is Code.STAFF_NONE


def altered(token, change):
    head, body, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    change(claims)
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(exp=c["exp"] + 1),
        lambda c: c["members"].append(member("666666", "supervisor", "777777")),
        lambda c: c["members"][0].update(role="supervisor"),
        lambda c: c["members"][0].update(key=member(pin="000000")["key"]),
    ],
)
def test_an_edited_roster_is_refused(point, change):
    path = point.folder / ROSTER_FILE
    path.write_text(altered(path.read_text(), change))
    assert point.sign_in() is Code.STAFF_ROSTER_ALTERED
    assert point.sign_in("666666", "777777") is Code.STAFF_ROSTER_ALTERED


@pytest.mark.parametrize(
    "how",
    [
        {"key": Ed25519PrivateKey.generate()},
        {"typ": "JWT"},
        {"aud": "GZ-0002"},
        {"iss": "somebody"},
        {"members": [*staff(), member()]},
        {"members": [member(role="owner")]},
        {"members": [member(key=member()["key"] | {"memory_kib": 1 << 30})]},
        {"members": [member(key=member()["key"] | {"wrapped": "A"})]},
        {"members": [member(number="1; drop")]},
        {"exp": "soon"},
        {"iat": float("nan")},
    ],
)
def test_what_central_did_not_sign_for_this_terminal_is_not_taken(point, how):
    assert point.code(point.roster.accept, point.office.roster(**how)) is Code.STAFF_ROSTER_ALTERED
    assert point.sign_in() is Code.OK, "the good one is still there"


@pytest.mark.parametrize("token", ["", "a.b.c", "\x00", "é" * 10, "x" * 100_000])
def test_rubbish_is_no_roster(point, token):
    assert point.code(point.roster.accept, token) is Code.STAFF_ROSTER_ALTERED


def test_an_older_roster_does_not_come_back(point):
    old = point.office.roster()
    point.now += 60
    assert point.roster.accept(point.office.roster([member(BOSS, "supervisor", BOSS_PIN)], at=point.now))
    assert not point.roster.accept(old)
    assert point.sign_in() is Code.STAFF_REFUSED


def dismissed(point, minutes=60.0):
    """Let central dismiss the clerk; return the roster of before."""
    old = (point.folder / ROSTER_FILE).read_text()
    point.now += minutes * 60
    assert point.roster.accept(point.office.roster([member(BOSS, "supervisor", BOSS_PIN)], at=point.now))
    return old


@pytest.mark.parametrize("restarted", [False, True])
def test_an_older_roster_put_back_on_the_disk_lets_nobody_sign_in(point, restarted):
    old = dismissed(point)
    (point.folder / ROSTER_FILE).write_text(old)
    if restarted:
        point.start()
    assert point.sign_in() is point.roster.state() is Code.STAFF_ROSTER_OLD
    assert not point.roster.accept(old)
    assert not point.roster.accept(old, online=True)
    assert point.roster.accept(point.office.roster(at=point.now + 1))
    assert point.sign_in() is Code.OK


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_set_back_makes_no_roster_last_longer(point, restarted):
    point.now += 7 * DAY - 60
    assert point.sign_in() is Code.OK
    point.now += 61
    assert point.sign_in() is Code.STAFF_ROSTER_EXPIRED
    point.now = NOW + 60
    if restarted:
        point.start()
    assert point.sign_in() is Code.STAFF_ROSTER_EXPIRED
    newer = point.office.roster(at=NOW + 30, days=7)
    assert point.code(point.roster.accept, newer) is Code.OK, (
        "a later one from a stick, good at the latest time"
    )
    assert point.sign_in() is Code.OK
    point.now = NOW + 90
    assert (
        point.code(point.roster.accept, point.office.roster(at=NOW + 80, days=6)) is Code.STAFF_ROSTER_EXPIRED
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_was_years_ahead_is_set_right_by_central(point, restarted):
    point.now += 3000 * DAY
    assert point.sign_in() is Code.STAFF_ROSTER_EXPIRED
    point.now = NOW + 100
    stick, line = point.office.roster(at=NOW + 50), point.office.roster(at=NOW + 60)
    assert point.code(point.roster.accept, stick) is Code.STAFF_ROSTER_EXPIRED
    assert point.roster.accept(line, online=True)
    if restarted:
        point.start()
    assert point.sign_in() is Code.OK


def test_without_a_record_of_any_roster_the_one_on_disk_is_not_used(point):
    audit_log(point).unlink()
    point.start()
    assert point.sign_in() is Code.STAFF_ROSTER_OLD
    assert point.roster.accept(point.office.roster())
    assert point.sign_in() is Code.OK


def test_a_log_that_was_set_aside_as_damaged_is_still_remembered(point):
    old = dismissed(point)
    with audit_log(point).open("ab") as file:
        file.write(b"rubbish\n")
    set_aside(audit_log(point), point.now)
    (point.folder / ROSTER_FILE).write_text(old)
    point.start()
    assert point.sign_in() is Code.STAFF_ROSTER_OLD


def test_a_record_of_a_roster_that_was_changed_lets_nobody_sign_in(point):
    path = audit_log(point)
    path.write_bytes(path.read_bytes().replace(b'"issued":18', b'"issued":17'))
    point.start()
    assert point.sign_in() is Code.STAFF_UNKEPT


def test_a_roster_that_only_confirms_is_recorded_once_a_day(point):
    same = staff()
    point.roster.accept(point.office.roster(same, at=NOW + 1))
    lines = len(audit_log(point).read_bytes().splitlines())
    for minute in range(1, 3 * 24 * 60, 10):
        point.now = NOW + 60.0 * minute
        assert point.roster.accept(point.office.roster(same, at=point.now), online=True)
    assert len(audit_log(point).read_bytes().splitlines()) == lines + 2


def audit_log(point):
    return point.folder.parent / "audit" / "audit.log"


def test_whom_central_dismisses_is_signed_out(point):
    point.roster.sign_in(CLERK, CLERK_PIN)
    point.roster.accept(point.office.roster([member(BOSS, "supervisor", BOSS_PIN)], at=NOW + 1))
    assert point.roster.signed_in is None
    assert point.events[-1] == SignedOut(Clerk(CLERK, Role.CLERK), Code.STAFF_REFUSED)


def test_the_files_are_ours_alone(point):
    point.sign_in(pin="000000")
    for name in (ROSTER_FILE, LOCKS_FILE):
        assert (point.folder / name).stat().st_mode & 0o077 == 0
