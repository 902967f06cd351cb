"""The short form of `make soak`, and tests of its comparison: each kind of fault must be found."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from tests.soak.clock import Agenda, Owner, SimulatedClock
from tests.soak.comparison import Comparison, compare
from tests.soak.measures import Sample, drift, growth
from tests.soak.outcome_log import OutcomeLog

VISITS = 60


@pytest.mark.timeout(300)
def test_sixty_visits_with_all_that_goes_wrong(tmp_path: Path) -> None:
    """Run in a process of its own: it forks, fills its disk and counts its threads."""
    command = [sys.executable, "-m", "tests.soak", "--visits", str(VISITS), "--fault-every", "3"]
    run = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"MPLCONFIGDIR": str(tmp_path / "mpl")},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    report = msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes())["visits"]
    comparison = report["comparison"]
    assert comparison["visits"] >= VISITS - 10  # some terminals are killed before their customer has begun
    assert comparison["promised"] >= 20
    assert comparison["opened"] >= 20
    assert sum(report["faults"].values()) >= 8
    assert (tmp_path / "out" / "samples.csv").exists()


# ── the comparison ───────────────────────────────────────────────────────────────────────────


class BothEnds:
    """Both databases, the outcome log and the audit log, filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outcome_log = OutcomeLog(folder / "outcome_log.jsonl")
        self.audit = AuditLog(folder / "audit" / "audit.log")
        self.audit.append(RecordKind.TERMINAL_STARTED)
        self.outbox = sqlite3.connect(folder / "outbox.sqlite3", isolation_level=None)
        self.outbox.execute("CREATE TABLE requests (id, state, code)")
        self.central = sqlite3.connect(folder / "central.sqlite3", isolation_level=None)
        self.central.execute("CREATE TABLE activations (id, status, code)")
        self.central.execute("CREATE TABLE credentials (activation, person, revoked_unix)")

    def visit(
        self,
        outcome="accepted",
        *,
        code="ok",
        stored=True,
        status="ACTIVATED",
        credentials=1,
        state="delivered",
        odd="nothing",
    ):
        self.outcome_log.note("began", "V", way="voice", purpose="open", odd=odd)
        if outcome:
            self.outcome_log.note("told", "V", outcome=outcome, code=code)
        if stored:
            self.audit.append(RecordKind.VISIT_STORED, visit="V")
        if status:
            self.central.execute("INSERT INTO activations VALUES ('V', ?, ?)", (status, code))
        for n in range(credentials):
            self.central.execute("INSERT INTO credentials VALUES ('V', ?, NULL)", (f"P{n}",))
        if state:
            code = "outbox.damaged" if state == "wedged" else None
            self.outbox.execute("INSERT INTO requests VALUES ('V', ?, ?)", (state, code))
        return self

    def comparison(self) -> Comparison:
        return compare(self.outcome_log, self.folder, self.folder / "central.sqlite3")


@pytest.fixture
def both_ends(tmp_path: Path) -> BothEnds:
    return BothEnds(tmp_path)


def test_a_promise_with_one_credential_is_kept(both_ends):
    found = both_ends.visit().comparison()
    assert found.good
    assert (found.promised, found.opened) == (1, 1)


def test_a_promise_that_is_set_aside_with_its_reason_is_kept_in_sight(both_ends):
    found = both_ends.visit(status=None, credentials=0, state="wedged").comparison()
    assert found.good
    assert found.wedged == 1


@pytest.mark.parametrize(
    ("wrong", "visit"),
    [
        ("lost", {"status": None, "credentials": 0, "state": None}),
        ("lost", {"status": None, "credentials": 0, "state": "delivered"}),
        ("lost", {"status": "ACTIVATED", "credentials": 0}),
        ("doubled", {"credentials": 2}),
        ("unasked", {"outcome": "refused", "stored": False}),
        ("unasked", {"outcome": None, "stored": False, "credentials": 0}),
        ("contradicted", {"outcome": "activated", "status": "REFUSED", "credentials": 0}),
        ("open", {"status": "PENDING", "credentials": 0, "state": "pending"}),
    ],
)
def test_whatever_is_wrong_is_found(both_ends, wrong, visit):
    found = both_ends.visit(**visit).comparison()
    assert not found.good
    assert getattr(found, wrong)


NOTHING = {"stored": False, "status": None, "credentials": 0, "state": None}


@pytest.mark.parametrize(
    ("visit", "found"),
    [
        (NOTHING | {"outcome": "refused", "code": "face.mismatch"}, 1),
        (NOTHING | {"outcome": "referred", "code": "light.unclear"}, 1),
        ({"status": "REFUSED", "credentials": 0, "code": "challenge.invalid"}, 1),
        ({"status": "REFUSED", "credentials": 0, "code": "person.mismatch"}, 0),  # the register's word
        (NOTHING | {"outcome": "refused", "code": "face.mismatch", "odd": "face: mismatch"}, 0),
        (NOTHING | {"outcome": "abandoned", "code": "visit.cancelled"}, 0),
    ],
)
def test_who_did_everything_right_and_got_nothing_is_found(both_ends, visit, found):
    assert len(both_ends.visit(**visit).comparison().turned_away) == found


def test_a_credential_of_a_visit_that_never_was_is_found(both_ends):
    both_ends.visit().central.execute("INSERT INTO credentials VALUES ('W', 'Q', NULL)")
    assert both_ends.comparison().unasked


def test_two_open_credentials_of_one_person_are_found(both_ends):
    both_ends.visit().central.execute("INSERT INTO credentials VALUES ('V', 'P0', NULL)")
    assert both_ends.comparison().two_open == 1


# ── measures and time ────────────────────────────────────────────────────────────────────────────


def samples(mb, threads):
    return [Sample(n, 0.0, mb(n), 20, threads(n), 0.0, 5) for n in range(200)]


def test_what_grows_is_seen_and_warming_up_is_not_growth():
    leaking = samples(lambda n: 100 + 0.1 * n, lambda n: 5 + n // 20)
    flat = samples(lambda n: 60 + min(40, 4 * n), lambda n: 5 + n % 3)
    assert growth(leaking) > 0.1
    assert drift(leaking, "threads") > 3
    assert growth(flat) == 0
    assert drift(flat, "threads") == 0
    assert growth(flat[:10]) is None


def test_made_time_passes_in_order_and_never_back(tmp_path):
    clock = SimulatedClock(tmp_path / "clock", 1_800_000_000.0)
    agenda, done, owner, gone = Agenda(clock), [], Owner(), Owner()
    agenda.after(2.0, owner, lambda: done.append("b"))
    agenda.after(1.0, owner, lambda: done.append("a"))
    agenda.after(1.5, gone, lambda: done.append("never"))
    gone.gone = True
    while agenda.next is not None:
        agenda.do_next()
    clock.advance(0.5)
    assert done == ["a", "b"]
    assert SimulatedClock(tmp_path / "clock").monotonic() == clock.monotonic() == 2.0
    clock.off_s = -90.0
    assert clock.unix() == clock.true_unix() - 90.0 == 1_800_000_002.0 - 90.0
