"""Visits that people cannot have made hold the terminal, or the request, until an operator has looked."""

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from central.activation import plausibility, visit_times
from central.activation.challenges import claims
from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms, audit_heads, clerks, terminals
from central.fleet.audit_heads import AuditHead
from central.fleet.clerks import StaffPeriod
from central.fleet.readers import ReaderPeriod
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Receipt, Way
from central.settings import Plausibility
from central.storage.tables import Challenge, ReaderPin
from kiosk.simulators.people import made_up_number
from tests.central.test_guardians import CONSENT, born, of_child, papers_seen
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import consent, person, verdict, verdicts, visit_number
from tests.support.review_signer import commitment, signed, unwrapped

STRICT = Plausibility()
MORNING = 1_784_512_800.0
VISIT_S, PAUSE_S = 75.0, 30.0
PHONE = "13900000017"


class Shop:
    """A terminal and central's own application, under a clock that the test sets."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.central = InProcessCentral(folder, plausibility=STRICT, database_url=database_url)
        self.terminal = InProcessTerminal(self.central)
        self.now = MORNING
        self.activations = self.central.service.activations
        self.activations._clock = lambda: self.now
        self.database = self.central.service.database

    def visit(
        self,
        began: float,
        duration_s: float = VISIT_S,
        who: Any = None,
        *,
        arrives: float | None = None,
        terminal: InProcessTerminal | None = None,
        head: AuditHead | None = None,
        wrong_s: float = 0.0,
        measured_s: float = 0.0,
        **other: Any,
    ) -> Receipt:
        """Hand in a visit that `began` then, as soon as it is over or when it `arrives`; of somebody new.

        `wrong_s`: how far the terminal's clock was ahead; `measured_s`: what the terminal says of it.
        """
        terminal, ended = terminal or self.terminal, began + duration_s
        body = terminal.activation(
            who or person(phone=f"139{int(began) % 10**8:08}"),
            challenge=self._challenge(terminal.name, began),
            began_unix=began + wrong_s,
            at_unix=ended + wrong_s,
            **other,
        )
        self.now = ended + 1 if arrives is None else arrives
        return self.activations.submit(
            ActivationRequest.model_validate(body), json.dumps(body).encode(), head, measured_s
        )

    def _challenge(self, terminal: str, began: float) -> str:
        key, rules = self.central.service.keys.challenge, self.central.service.settings.challenges
        made = claims(key, terminal, int(began) - 10, rules)
        with self.database.write() as session:
            session.execute(update(ReaderPin).values(from_unix=0.0))  # enrolled before these visits
            session.add(
                Challenge(
                    id=made["jti"], terminal=terminal, issued_unix=made["iat"], expires_unix=made["exp"]
                )
            )
        return str(made["jti"])

    def alarms(self) -> list[str]:
        with self.database.read() as session:
            return [alarm.what for alarm in alarms.open_alarms(session)]

    def is_held(self) -> bool:
        with self.database.read() as session:
            return alarms.is_held(session, self.terminal.name)

    def accept(self) -> int:
        with self.database.write() as session:
            return alarms.accept(session, self.terminal.name, "2001", self.now)

    def later(self, visit: str, seconds: float = 120.0) -> Receipt:
        """The receipt after central has looked again."""
        self.now += seconds
        for claim in self.activations.claim_due(20):
            self.activations.resume(claim)
        receipt = self.activations.look_up(visit, self.terminal.name)
        assert receipt is not None
        return receipt


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Shop]:
    made = Shop(tmp_path, database_url)
    yield made
    made.central.close()


def said(receipt: Receipt) -> tuple[str, str]:
    return receipt.status.value, receipt.code.value


HELD, ACTIVATED = ("PENDING", "request.held"), ("ACTIVATED", "ok")


def test_a_days_queue_that_arrives_at_once_is_plausible(shop: Shop) -> None:
    day = [MORNING + n * (VISIT_S + PAUSE_S) for n in range(40)]
    receipts = [shop.visit(began, arrives=day[-1] + 9 * 3600) for began in reversed(day)]
    assert {said(receipt) for receipt in receipts} == {ACTIVATED}
    assert shop.alarms() == []


def test_sixty_visits_at_the_same_time_open_nothing_and_hold_the_terminal(shop: Shop) -> None:
    receipts = [shop.visit(MORNING + n * 0.18, 1.0) for n in range(60)]
    assert {said(receipt) for receipt in receipts} == {HELD}
    assert shop.is_held()


def test_two_visits_at_the_same_time_hold_the_terminal(shop: Shop) -> None:
    first = shop.visit(MORNING)
    second = shop.visit(MORNING + VISIT_S / 2)
    assert (said(first), said(second)) == (ACTIVATED, HELD)
    assert shop.alarms() == ["visit.overlap"]
    after = shop.visit(MORNING + 600)
    assert said(after) == HELD, "the terminal is held, not only that visit"
    assert said(shop.later(second.id)) == HELD
    assert shop.accept() == 1
    assert (said(shop.later(second.id)), said(shop.later(after.id))) == (ACTIVATED, ACTIVATED)
    assert (shop.alarms(), shop.is_held()) == ([], False)


def test_another_terminals_visit_at_the_same_time_is_no_matter(shop: Shop) -> None:
    other = InProcessTerminal(shop.central)
    assert said(shop.visit(MORNING)) == said(shop.visit(MORNING + 5, terminal=other)) == ACTIVATED


def test_a_clock_that_was_set_by_seconds_is_no_matter(shop: Shop) -> None:
    shop.visit(MORNING)
    assert said(shop.visit(MORNING + VISIT_S - STRICT.overlap_slack_s + 1)) == ACTIVATED


@pytest.mark.parametrize("way", ["voice", "head"])
def test_a_visit_quicker_than_a_person_is_held(shop: Shop, way: str) -> None:
    given = verdicts() if way == "voice" else [*verdicts(digits=None, lips=None), verdict("head")]
    shortest = STRICT.shortest_s[way]
    at = MORNING
    for duration_s, expected in ((shortest + 1, ACTIVATED), (shortest - 1, HELD)):
        at += 600
        given = [one | {"measured": verdict(one["check"])["measured"]} for one in given]
        receipt = shop.visit(at, duration_s, person(way=way, phone=PHONE), way=way, verdicts=given)
        assert said(receipt) == expected
    assert shop.alarms() == ["visit.short"]


def test_every_way_has_a_shortest_time() -> None:
    assert set(STRICT.shortest_s) == {way.value for way in Way}
    assert min(STRICT.shortest_s.values()) >= 15


def test_more_visits_in_an_hour_than_a_terminal_can_serve_hold_it(shop: Shop) -> None:
    every_s = 3600 / (STRICT.visits_an_hour + 5)
    times = [MORNING + n * every_s for n in range(STRICT.visits_an_hour + 5)]
    late = times[-1] + 3600
    # In whatever order they arrive: the hour is that of the visits.
    shuffled = sorted(times, key=lambda at: (at * 7919) % 3600)
    receipts = [said(shop.visit(began, 30.0, arrives=late)) for began in shuffled]
    assert receipts.count(ACTIVATED) == STRICT.visits_an_hour
    assert set(shop.alarms()) == {"visit.rate"}


def test_the_busiest_hour_is_found_wherever_it_lies() -> None:
    assert plausibility.busiest_hour([]) == 0
    assert plausibility.busiest_hour([0.0, 3600.0, 3600.1, 7000.0]) == 3
    assert plausibility.busiest_hour([9e3, 0.0, 1.0, 2.0, 8e3]) == 3


# ── the same mobile number ───────────────────────────────────────────────────────────────────────


def visits_with_one_number(shop: Shop, people: int, every_s: float = 600.0) -> list[Receipt]:
    return [shop.visit(MORNING + n * every_s, who=person(phone=PHONE)) for n in range(people)]


def test_a_family_may_give_one_number_but_not_a_whole_street(shop: Shop) -> None:
    receipts = visits_with_one_number(shop, STRICT.people_a_phone + 2)
    expected = [ACTIVATED] * STRICT.people_a_phone + [HELD, HELD]
    assert [said(receipt) for receipt in receipts] == expected
    assert shop.alarms() == ["phone.shared"] * 2
    assert not shop.is_held(), "the terminal did nothing wrong"
    assert said(shop.visit(MORNING + 9000)) == ACTIVATED
    assert shop.accept() == 2
    assert said(shop.later(receipts[-1].id)) == ACTIVATED
    assert shop.alarms() == []


def test_the_same_person_again_is_not_another_person(shop: Shop) -> None:
    who = person(phone=PHONE)
    for n in range(6):
        again = who | {"purpose": "renew" if n else "open"}
        receipt = shop.visit(MORNING + 600 * n, who=again, purpose=again["purpose"])
        assert said(receipt) == ACTIVATED


def test_a_number_counts_for_some_time_only(shop: Shop) -> None:
    visits_with_one_number(shop, STRICT.people_a_phone)
    later = MORNING + STRICT.phone_days * 86_400 + 4000
    assert said(shop.visit(later, who=person(phone=PHONE))) == ACTIVATED


def test_refused_people_do_not_count(shop: Shop) -> None:
    for n in range(5):
        who = person(phone=PHONE)
        refused = shop.visit(MORNING + 600 * n, who=who | {"way": "head"})
        assert refused.status.value == "REFUSED"
    assert said(shop.visit(MORNING + 6000, who=person(phone=PHONE))) == ACTIVATED


def test_a_parent_may_give_one_number_for_all_children(shop: Shop) -> None:
    name = shop.terminal.name
    with shop.database.write() as session:
        pins = dict(clerks.add(session, [name], role, MORNING - 3600) for role in ("clerk", "supervisor"))
        session.flush()
        token = clerks.roster(session, Ed25519PrivateKey.generate(), name, MORNING, 3600.0)
    members = jwt.decode(token, options={"verify_signature": False})["members"]
    keys = {member["number"]: unwrapped(member, pins[member["number"]]) for member in members}
    clerk, supervisor = pins
    parent = born(40, 77)
    for n in range(STRICT.people_a_phone + 2):
        began = MORNING + 600 * n
        first = {"clerk": clerk, "role": "clerk", "at_unix": began + 30}
        second = {"clerk": supervisor, "role": "supervisor", "at_unix": began + 40}
        visit = visit_number()
        who = person(number=made_up_child(n), phone=PHONE)
        adult = {"number": parent, "name": "测试", "salt": who["salt"]}
        persons = [commitment(adult), commitment(who)]
        papers = papers_seen(first=first, second=second, asked_unix=began + 20, persons=persons)
        seen = signed(papers, visit, name, keys)
        who |= {"reviews": [seen], "guardian": adult | {"consent": CONSENT}}
        evidence = {"verdicts": of_child(), "reviews": [seen], "guardian": CONSENT}
        receipt = shop.visit(began, who=who, id=visit, **evidence)
        assert said(receipt) == ACTIVATED


def made_up_child(n: int) -> str:
    return made_up_number(n + 1, date(2018, 5, 1))


# ── the same measures, times to come, the audit log ──────────────────────────────────────────────


def test_measures_that_came_before_hold_the_terminal(shop: Shop) -> None:
    given = verdicts()
    first = shop.visit(MORNING, verdicts=given)
    again = shop.visit(MORNING + 600, verdicts=given)
    assert (said(first), said(again)) == (ACTIVATED, HELD)
    assert shop.alarms() == ["visit.repeated"]


def test_measures_of_another_terminal_are_noticed_too(shop: Shop) -> None:
    given = verdicts()
    shop.visit(MORNING, verdicts=given, terminal=InProcessTerminal(shop.central))
    assert said(shop.visit(MORNING + 600, verdicts=given)) == HELD


def test_too_few_measures_are_not_compared() -> None:
    filmed = ("face", "liveness", "digits", "lips", "light", "continuity", "stream")
    few = verdicts(**dict.fromkeys(filmed))
    body = {"verdicts": few, "consent": consent("clerk"), "way": "clerk"}
    assert plausibility.fingerprint(request(body)) is None
    assert plausibility.fingerprint(request({})) is not None


def request(other: dict[str, Any]) -> ActivationRequest:
    return ActivationRequest.model_validate(ALL["activation-request"] | other)


def test_a_visit_that_ends_after_it_arrived_is_held(shop: Shop) -> None:
    soon = shop.central.service.settings.evidence.began_slack_s
    assert said(shop.visit(MORNING, arrives=MORNING + VISIT_S - soon + 5)) == ACTIVATED
    assert said(shop.visit(MORNING + 900, arrives=MORNING + 900 + VISIT_S - soon - 5)) == HELD
    assert shop.alarms() == ["visit.clock"]
    assert not shop.is_held(), "its clock is wrong, or was"


WRONG = [-150 * 86_400.0, -7200.0, -90.0, 600.0, 7200.0, 3 * 86_400.0]


@pytest.mark.parametrize("wrong_s", WRONG)
def test_visits_by_a_clock_that_was_wrong_and_was_measured_are_settled(shop: Shop, wrong_s: float) -> None:
    back = MORNING + 31 * 300.0
    for n in range(31):  # a day without a line
        visit = shop.visit(MORNING + n * 300.0, arrives=back + n, wrong_s=wrong_s, measured_s=-wrong_s)
        assert said(visit) == ACTIVATED, n
    assert shop.alarms() == []


@pytest.mark.parametrize("wrong_s", [wrong_s for wrong_s in WRONG if abs(wrong_s) > 300.0])
def test_visits_by_a_clock_that_nobody_measured_wait_for_a_person_and_are_not_refused(
    shop: Shop, wrong_s: float
) -> None:
    visit = shop.visit(MORNING, wrong_s=wrong_s)
    assert said(visit) == HELD
    assert (shop.alarms(), shop.is_held()) == (["visit.clock"], False)
    assert said(shop.visit(MORNING + 900)) == ACTIVATED, "the next one, by a clock that is right"
    assert shop.accept() == 1
    assert said(shop.later(visit.id)) == ACTIVATED


def test_a_false_measure_gives_no_time_that_was_not(shop: Shop) -> None:
    first = shop.visit(MORNING)
    assert said(first) == ACTIVATED
    earlier = shop.visit(MORNING, arrives=MORNING + VISIT_S + 1, measured_s=-900.0)
    later = shop.visit(MORNING, arrives=MORNING + VISIT_S + 1, measured_s=900.0)
    assert (said(earlier), said(later)) == (HELD, HELD)
    assert shop.alarms() == ["visit.clock", "visit.clock"]
    beside = shop.visit(MORNING + 5, arrives=MORNING + VISIT_S + 6, wrong_s=-900.0, measured_s=900.0)
    assert said(beside) == HELD
    assert "visit.overlap" in shop.alarms()


def test_an_expired_challenge_is_refused_by_a_clock_that_was_wrong_too(shop: Shop) -> None:
    week_s = shop.central.service.settings.challenges.valid_s
    began = MORNING + week_s + 60
    for wrong_s in (0.0, -86_400.0):
        made = shop._challenge(shop.terminal.name, MORNING)
        shop._challenge = lambda *_, made=made: made
        receipt = shop.visit(began, wrong_s=wrong_s, measured_s=-wrong_s)
        assert said(receipt) == ("REFUSED", "challenge.invalid")
        del shop._challenge


def test_a_change_by_a_clock_that_was_ahead_does_not_overtake_later_ones(shop: Shop) -> None:
    who = person(phone="13900000001")
    ahead_s = 3 * 86_400.0
    assert said(shop.visit(MORNING, who=who, wrong_s=ahead_s, measured_s=-ahead_s)) == ACTIVATED
    changed = who | {"purpose": "new_password"}
    assert said(shop.visit(MORNING + 900, who=changed, purpose="new_password")) == ACTIVATED


def test_clerks_and_readers_are_looked_up_at_the_time_that_really_was() -> None:
    period = StaffPeriod(role="clerk", public_key="x", from_unix=1000.0, until_unix=None)
    moved = visit_times.staff_by({"c": [period]}, 600.0)["c"][0]
    assert (moved.from_unix, moved.until_unix) == (400.0, None)
    reader = ReaderPeriod(reader=None, from_unix=1000.0, until_unix=2000.0)  # type: ignore[arg-type]
    (other,) = visit_times.readers_by([reader], -600.0)
    assert (other.from_unix, other.until_unix) == (1600.0, 2600.0)


@pytest.mark.parametrize("header", ["", "x", "1e3", "nan", "--1", "1.", "12345678901", "1.0001", " 1"])
def test_a_measure_that_is_none_is_malformed(header: str) -> None:
    with pytest.raises(Problem) as raised:
        visit_times.parse_clock_off(header)
    assert (raised.value.status, raised.value.code) == (422, Code.REQUEST_MALFORMED)


@pytest.mark.parametrize(("header", "seconds"), [(None, 0.0), ("7200.125", 7200.125), ("-90", -90.0)])
def test_a_measure_is_seconds(header: str | None, seconds: float) -> None:
    assert visit_times.parse_clock_off(header) == seconds


def test_a_log_that_does_not_grow_with_the_visits_holds_the_terminal(shop: Shop) -> None:
    """Somebody who has the key but not the terminal has no log that grows."""
    with shop.database.write() as session:
        head = AuditHead(40, "a" * 64)
        audit_heads.store(session, shop.terminal.name, head, MORNING, time.time())
    grown = AuditHead(40 + plausibility.RECORDS, "b" * 64)
    assert said(shop.visit(MORNING + 600, head=grown)) == ACTIVATED
    assert said(shop.visit(MORNING + 900, head=AuditHead(42, "c" * 64))) == HELD
    assert shop.alarms() == ["audit.still"]


def test_two_visits_of_a_queue_may_come_with_the_same_head(shop: Shop) -> None:
    head = AuditHead(90, "a" * 64)
    receipts = [shop.visit(MORNING + 600 * n, head=head, arrives=MORNING + 9000) for n in (1, 2)]
    assert {said(receipt) for receipt in receipts} == {ACTIVATED}


def test_no_request_is_taken_without_the_head_of_the_log(shop: Shop) -> None:
    terminal = shop.terminal
    body = terminal.activation()
    raw = json.dumps(body).encode()
    for more, expected in (({}, (428, "audit.missing")), ({"Audit-Head": "7"}, (422, "request.malformed"))):
        answer = terminal.send("POST", "/v1/activations", raw, **{"Idempotency-Key": body["id"]}, **more)
        assert (answer.status_code, answer.json()["code"]) == expected
    assert terminal.look_up(body["id"]).status_code == 404, "nothing is stored"


# ── what a held terminal is told, and what becomes of it ─────────────────────────────────────────


def beat(terminal: InProcessTerminal) -> dict[str, Any]:
    body = {
        "versions": {"kiosk": "0.1.0"},
        "waiting": 0,
        "oldest_s": None,
        "sealing": "HPKE-X25519-SHA256-AES256GCM",
    }
    return dict(terminal.send("POST", "/v1/heartbeat", json.dumps(body).encode()).json())


def test_a_held_terminal_is_told_and_gets_no_challenges(shop: Shop) -> None:
    assert beat(shop.terminal)["held"] is False
    shop.visit(MORNING, 1.0)
    reply = beat(shop.terminal)
    assert (reply["held"], reply["audit_rewound"]) == (True, False)
    answer = shop.terminal.send("POST", "/v1/challenges", b'{"count":1}')
    assert (answer.status_code, answer.json()["code"]) == (409, "terminal.held")
    shop.accept()
    assert beat(shop.terminal)["held"] is False


def test_what_a_revoked_terminal_left_is_refused(shop: Shop) -> None:
    held = shop.visit(MORNING, 1.0)
    with shop.database.write() as session:
        terminals.revoke(session, shop.terminal.name, shop.now)
    assert said(shop.later(held.id)) == ("REFUSED", "terminal.revoked")


def test_an_accepted_alarm_is_not_raised_again(shop: Shop) -> None:
    held = visits_with_one_number(shop, STRICT.people_a_phone + 1)[-1]
    shop.accept()
    assert said(shop.later(held.id)) == ACTIVATED
    assert shop.alarms() == []
