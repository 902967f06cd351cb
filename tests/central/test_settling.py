"""Two workers on one request: the race is made, and the first answer stands.

A worker that took longer than its lease is overtaken while it waits for the register. The register of these
tests lets that happen: in the middle of the first worker's question the second one works on the request, with
a connection of its own to the same database file.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from central.activation import challenges
from central.activation.activations import Activations
from central.activation.authority import MatchResult
from central.codes import Code
from central.credentials import lifecycle
from central.exceptions import Problem
from central.fleet import alarms, readers
from central.protocol.messages import ActivationRequest, Reader, Receipt
from central.security import keys
from central.security.personal_data import PersonalData
from central.settings import Settings
from central.storage.database import Database
from central.storage.tables import Activation, Challenge, Terminal
from kiosk.activation.messages import RequestOrigin, SealingKey, personal_bytes, request_body
from kiosk.activation.sealing import Sealer
from kiosk.simulators.card_reader import READER
from kiosk.simulators.people import Person
from tests.support.activation_terminal import PASSWORD, order, passed

CARD = Person(seed=1, portrait=b"").card()
TERMINAL, VISIT, BEGAN = "T-1", "7K2M-Q4XR-09TB-HC5D", 1_790_000_000.0
LEASE_S = 30.0


class Clock:
    now = BEGAN

    def __call__(self) -> float:
        return self.now


class Register:
    """Answers as it is told; `meanwhile` happens once, before the answer."""

    def __init__(self, answer: MatchResult = MatchResult.MATCH) -> None:
        self.answer = answer
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        self.asked += 1
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.answer


class Central:
    """Central's database and keys; each worker has its own connection and register, all share the clock."""

    def __init__(self, folder: Path, database_url: str) -> None:
        keys.make(folder / "keys")
        self.keys = keys.load(folder / "keys")
        self.url = database_url
        self.settings = Settings(data=folder, simulation=True)
        self.clock = Clock()
        self.databases: list[Database] = []
        self.database = self.connect()
        with self.database.write() as session:
            session.add(Terminal(id=TERMINAL, enrolled_unix=0.0))
            session.flush()
            readers.pin(session, TERMINAL, Reader(sam=READER.sam, socket=READER.socket), 0.0)
            session.add(
                Challenge(id="c-1", terminal=TERMINAL, issued_unix=BEGAN - 60, expires_unix=BEGAN + 86_400)
            )

    def connect(self) -> Database:
        made = Database(self.url)
        self.databases.append(made)
        return made

    def worker(self, register: Register) -> Activations:
        return Activations(
            database=self.connect(),
            keys=self.keys,
            authority=register,
            settings=self.settings,
            clock=self.clock,
        )

    def request(self, terminal: str = TERMINAL, visit: str = VISIT) -> tuple[ActivationRequest, bytes]:
        asked = order(visit)
        key = self.keys.sealing.current()
        sealer = Sealer(SealingKey(key.key, key.algorithm, key.public))
        body = request_body(
            visit,
            replace(asked.evidence, verdicts=passed("c-1"), began_unix=BEGAN - 60),
            origin=RequestOrigin(terminal, True, {"kiosk": "0.1.0"}),
            sealed=sealer.seal(personal_bytes(CARD, asked.evidence, None, PASSWORD), visit, terminal),
            at_unix=BEGAN,
        )
        return ActivationRequest.model_validate_json(body), body

    def row(self, visit: str = VISIT) -> Activation:
        with self.database.read() as session:
            return session.get_one(Activation, visit)

    def credentials(self) -> int:
        with self.database.read() as session:
            return lifecycle.count(session)

    def close(self) -> None:
        for database in self.databases:
            database.close()


@pytest.fixture
def central(tmp_path: Path, database_url: str) -> Iterator[Central]:
    made = Central(tmp_path, database_url)
    yield made
    made.close()


def recheck(worker: Activations) -> list[str]:
    """Work on all that is due, as the re-checker does; return the visits."""
    claims = worker.claim_due(20)
    for claim in claims:
        worker.resume(claim)
    return [claim.visit for claim in claims]


def overtaken(central: Central, first: MatchResult, second: MatchResult) -> Receipt:
    """Let a second worker settle the request while the first asks; return what the first answers then."""
    slow, quick = Register(first), Register(second)
    later = central.worker(quick)

    def meanwhile() -> None:
        central.clock.now += LEASE_S + 1
        recheck(later)

    slow.meanwhile = meanwhile
    receipt = central.worker(slow).submit(*central.request())
    assert (slow.asked, quick.asked) == (1, 1)
    return receipt


@pytest.mark.parametrize(
    "late", [MatchResult.MISMATCH, MatchResult.NOT_FOUND, MatchResult.UNAVAILABLE, MatchResult.MATCH]
)
def test_an_activated_request_stays_activated(central: Central, late: MatchResult) -> None:
    receipt = overtaken(central, first=late, second=MatchResult.MATCH)
    row = central.row()
    assert (row.status, row.code, row.recheck_unix) == ("ACTIVATED", "ok", None)
    assert (receipt.status.value, receipt.credential) == ("ACTIVATED", row.credential)
    assert central.credentials() == 1


def test_a_refused_request_opens_nothing_later(central: Central) -> None:
    receipt = overtaken(central, first=MatchResult.MATCH, second=MatchResult.MISMATCH)
    assert (receipt.status.value, receipt.code, receipt.credential) == (
        "REFUSED",
        Code.PERSON_MISMATCH,
        None,
    )
    assert central.credentials() == 0


def test_a_request_that_waits_may_still_be_settled(central: Central) -> None:
    receipt = overtaken(central, first=MatchResult.MATCH, second=MatchResult.NOT_FOUND)
    assert receipt.status.value == "ACTIVATED"
    assert central.credentials() == 1


def test_two_workers_at_the_same_moment_open_one_credential(central: Central) -> None:
    """Both have the register's answer before either settles; threads and connections of their own."""
    both = Barrier(2, timeout=60)
    first, second = Register(), Register(MatchResult.MISMATCH)
    second.meanwhile = both.wait
    other = central.worker(second)
    with ThreadPoolExecutor() as pool:
        resumed = []

        def meanwhile() -> None:
            central.clock.now += LEASE_S + 1
            resumed.append(pool.submit(recheck, other))
            both.wait()

        first.meanwhile = meanwhile
        receipt = central.worker(first).submit(*central.request())
        resumed[0].result()
    row = central.row()
    activated = row.status == "ACTIVATED"
    assert central.credentials() == activated
    assert (row.credential is not None) == activated
    assert receipt.status.value == row.status


# ── leases ───────────────────────────────────────────────────────────────────────────────────────


def test_nobody_else_works_on_a_request_while_its_lease_lasts(central: Central) -> None:
    register, other = Register(), Register()
    second = central.worker(other)

    def meanwhile() -> None:
        central.clock.now += LEASE_S - 1
        assert recheck(second) == []
        with pytest.raises(Problem) as again:
            second.submit(*asked)
        assert (again.value.status, again.value.code) == (409, Code.REQUEST_IN_FLIGHT)
        with pytest.raises(Problem):
            second.look_up(VISIT, TERMINAL)

    register.meanwhile, asked = meanwhile, central.request()
    central.worker(register).submit(*asked)
    assert (register.asked, other.asked) == (1, 0)


def test_an_orphan_is_due_when_its_lease_is_over(central: Central) -> None:
    crashed, other = Register(), Register()

    def meanwhile() -> None:
        raise KeyboardInterrupt  # the process ends

    crashed.meanwhile = meanwhile
    asked = central.request()
    with pytest.raises(KeyboardInterrupt):
        central.worker(crashed).submit(*asked)
    later = central.worker(other)
    assert recheck(later) == []
    central.clock.now += LEASE_S
    assert later.submit(*asked).status.value == "ACTIVATED"  # the terminal asks again: it is finished now
    assert central.credentials() == 1


def test_an_orphan_is_finished_without_its_terminal(central: Central) -> None:
    crashed = Register()
    crashed.meanwhile = lambda: (_ for _ in ()).throw(KeyboardInterrupt)  # the process ends
    with pytest.raises(KeyboardInterrupt):
        central.worker(crashed).submit(*central.request())
    central.clock.now += LEASE_S
    assert recheck(central.worker(Register())) == [VISIT]
    assert central.row().status == "ACTIVATED"


def test_a_pending_request_is_due_at_its_time_and_not_before(central: Central) -> None:
    register = Register(MatchResult.NOT_FOUND)
    worker = central.worker(register)
    pending = worker.submit(*central.request())
    assert (pending.status.value, pending.recheck_unix) == ("PENDING", BEGAN + 1)
    assert recheck(worker) == []
    central.clock.now = BEGAN + 1
    register.answer = MatchResult.MATCH
    assert recheck(worker) == [VISIT]
    assert central.row().status == "ACTIVATED"
    assert recheck(worker) == []
    assert register.asked == 2


def test_a_repetition_of_a_settled_request_asks_nobody(central: Central) -> None:
    register = Register()
    worker = central.worker(register)
    asked = central.request()
    assert worker.submit(*asked) == worker.submit(*asked)
    assert register.asked == 1


# ── ending a credential ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("wrong", "closed"), [(4, False), (5, True)])
def test_five_wrong_passwords_close_a_credential_for_an_hour(
    central: Central, wrong: int, closed: bool
) -> None:
    serial = central.worker(Register()).submit(*central.request()).credential
    assert serial is not None

    def revoke(password: str, at_unix: float = BEGAN) -> float:
        known = PersonalData(central.keys.personal_data)
        return lifecycle.revoke(central.database, known, serial, VISIT, password, at_unix)

    for _ in range(wrong):
        with pytest.raises(Problem) as refused:
            revoke("00000000")
        assert refused.value.status == 403
    if not closed:
        assert revoke("27182818") == BEGAN
        assert revoke("27182818", BEGAN + 5) == BEGAN  # ended once, then
        return
    for at_unix, status in ((BEGAN, 429), (BEGAN + 3599, 429)):
        with pytest.raises(Problem) as refused:
            revoke("27182818", at_unix)
        assert refused.value.status == status
    assert revoke("27182818", BEGAN + 3600) == BEGAN + 3600


# ── what is kept, and what is not ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "kept"),
    [(MatchResult.MATCH, False), (MatchResult.MISMATCH, False), (MatchResult.NOT_FOUND, True)],
)
def test_the_sealed_part_is_kept_only_while_it_is_needed(
    central: Central, answer: MatchResult, kept: bool
) -> None:
    central.worker(Register(answer)).submit(*central.request())
    assert (central.row().sealed is not None) is kept


def test_another_terminal_cannot_look_a_request_up(central: Central) -> None:
    worker = central.worker(Register())
    worker.submit(*central.request())
    assert worker.look_up(VISIT, "T-2") is None
    assert worker.look_up(VISIT, TERMINAL) is not None


@pytest.mark.parametrize("other_body", [True, False])
def test_a_number_serves_one_body_of_one_terminal(central: Central, other_body: bool) -> None:
    worker = central.worker(Register())
    request, body = central.request()
    worker.submit(request, body)
    reused = (request, body + b" ") if other_body else (request.model_copy(update={"terminal": "T-2"}), body)
    with pytest.raises(Problem) as refused:
        worker.submit(*reused)
    assert (refused.value.status, refused.value.code) == (422, Code.REQUEST_KEY_REUSED)


def test_a_challenge_is_spent_by_the_first_visit_that_names_it(central: Central) -> None:
    with central.database.write() as session:
        challenges.take(session, "c-1", TERMINAL, "0000-0000-0000-0000")
    receipt = central.worker(Register()).submit(*central.request())
    assert (receipt.status.value, receipt.code) == ("REFUSED", Code.CHALLENGE_INVALID)


@pytest.mark.parametrize(
    ("terminal", "used_by"), [("T-2", None), (TERMINAL, "0000-0000-0000-0000"), (TERMINAL, None)]
)
def test_a_challenge_is_taken_from_its_own_terminal_and_once(central, terminal, used_by) -> None:
    with central.database.write() as session:
        session.get_one(Challenge, "c-1").used_by = used_by
        challenges.take(session, "c-1", terminal, VISIT)
    free = terminal == TERMINAL and used_by is None
    with central.database.read() as session:
        assert session.get_one(Challenge, "c-1").used_by == (VISIT if free else used_by)


def test_a_held_terminals_request_waits_without_a_question(central: Central) -> None:
    register = Register()
    worker = central.worker(register)
    with central.database.write() as session:
        alarms.raise_rewound(session, TERMINAL, 3, 9, BEGAN)
    receipt = worker.submit(*central.request())
    assert (receipt.status.value, receipt.code) == ("PENDING", Code.AUDIT_REWOUND)
    assert register.asked == 0
    with central.database.write() as session:
        alarms.accept(session, TERMINAL, "2001", BEGAN)
    central.clock.now = receipt.recheck_unix or 0.0
    assert recheck(worker) == [VISIT]
    assert central.row().status == "ACTIVATED"
