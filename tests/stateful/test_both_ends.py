"""Outbox, delivery, submission and reconciliation against the real activations of central, in one process.

Whatever the order of customers who open, renew or set a new password, of a line that is down, of restarts,
clocks that are set, rows that vanish, older copies of the file and sealing keys that change while requests
wait: no visit gets two credentials and no person two open ones, a promise is kept, settled or told as lost,
what was sealed to an older key opens, and a receipt that was given stays.
"""

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace
from sqlalchemy import func, select

from central.activation import challenges
from central.activation.activations import Activations
from central.activation.authority import MatchResult
from central.protocol.messages import ActivationRequest
from central.security import keys
from central.settings import Settings
from central.storage.database import Database as CentralDatabase
from central.storage.tables import Activation, Base, Credential
from central.storage.tables import Terminal as TerminalRow
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.delivery import DeliveryWorker
from kiosk.activation.lost_requests import Reconciliation
from kiosk.activation.messages import RequestOrigin, SealingKey, read_receipt
from kiosk.activation.outbox import Outbox, RequestState
from kiosk.activation.sealing import Sealer
from kiosk.activation.submission import Submission
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.audit.recorder import AuditRecorder
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.errors import Unreachable
from kiosk.events import ChallengeTaken, ReceiptArrived, Stored
from kiosk.model import ActivationReceipt, Purpose, RequestStatus
from kiosk.visit_number import new_visit_number
from tests.stateful.test_exactly_once import LIMITS
from tests.support.activation_terminal import CARD, PASSWORD, order, passed, wanting
from tests.support.in_process_central import QUICK_VISITS
from tests.support.protocol_terminal import person

TERMINAL = "T-1"
BEGAN = 1_790_000_000.0
PEOPLE = [person()["number"] for _ in range(3)]


class Register:
    """The population register: knows everybody, or does not show them yet."""

    word = MatchResult.MATCH

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        return self.word


class Central:
    """Central's own activations, without HTTP; `faults` befall the next calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "keys"
        keys.make(self.folder)
        self.now = BEGAN
        self.up = True
        self.faults: list[str] = []
        self.register = Register()
        self.database = CentralDatabase(f"sqlite:///{folder / 'central.sqlite3'}")
        Base.metadata.create_all(self.database.engine)
        with self.database.write() as session:
            session.add(TerminalRow(id=TERMINAL, enrolled_unix=0.0))
        self.settings = Settings(data=folder, simulation=True, plausibility=QUICK_VISITS)
        self.load()

    def load(self) -> None:
        """Start again with the keys that are there."""
        self.keys = keys.load(self.folder)
        self.activations = Activations(
            database=self.database,
            keys=self.keys,
            authority=self.register,
            settings=self.settings,
            clock=lambda: self.now,
        )

    def sealing(self) -> SealingKey:
        given = self.keys.sealing.current()
        return SealingKey(given.key, given.algorithm, given.public)

    # ── kiosk.ports.Central ──────────────────────────────────────────────────────────────────────

    def heartbeat(self, wants: object) -> None:
        self._befall(lambda: None)
        self.on_heartbeat_reply(self.sealing())

    def activate(self, request: str, body: bytes, clock_off_s: float | None = None) -> ActivationReceipt:
        message = ActivationRequest.model_validate_json(body)
        assert message.id == request
        work = partial(self.activations.submit, message, body, None, clock_off_s or 0.0)
        return self._read(request, self._befall(work))

    def look_up(self, request: str) -> ActivationReceipt | None:
        found = self._befall(lambda: self.activations.look_up(request, TERMINAL))
        return None if found is None else self._read(request, found)

    def challenges(self, count: int) -> Sequence[str]:
        def issue():
            with self.database.write() as session:
                rules = self.settings.challenges
                return challenges.issue(session, self.keys.challenge, TERMINAL, count, self.now, rules)

        return self._befall(issue)

    def _read(self, request: str, receipt) -> ActivationReceipt:
        return read_receipt(receipt.model_dump_json().encode(), request)

    def _befall(self, work):
        fault = self.faults.pop() if self.faults else ""
        if not self.up or fault == "never reached":
            raise Unreachable(Code.CENTRAL_UNREACHABLE)
        done = work()
        if fault == "answer lost":
            raise Unreachable(Code.CENTRAL_UNREACHABLE)
        return done


class BothEnds(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.home = tempfile.TemporaryDirectory()
        self.folder = Path(self.home.name)
        self.file = self.folder / "shop" / "outbox.sqlite3"
        self.central = Central(self.folder)
        self.central.on_heartbeat_reply = self.on_heartbeat_reply
        self.sealer = Sealer(self.central.sealing())
        self.audit = AuditLog(self.folder / "shop" / "audit" / "audit.log", lambda: self.wall)
        self.recorder = AuditRecorder(self.audit)
        self.wall, self.steady = BEGAN, 0.0
        self.promised: set[str] = set()
        self.given: dict[str, ActivationReceipt] = {}
        self.databases: list[Database] = []
        self.copy: Path | None = None
        self.start()
        self.work(1.0)

    def on_heartbeat_reply(self, key: SealingKey) -> None:
        self.sealer = Sealer(key)

    @rule()
    def start(self) -> None:
        """Power comes back: the connection of before is left as a killed process leaves it."""
        database = Database(self.file)
        self.databases.append(database)
        self.outbox = Outbox(database)
        self.pool = ChallengePool(
            database, self.central.keys.challenge.public_key(), TERMINAL, lambda _: bytes(32)
        )
        self.reconciliation = Reconciliation(
            self.audit, self.outbox, self.pool, keep_s=1e12, clock_unix=lambda: self.wall
        )
        limits = replace(LIMITS, pool_target=8, pool_refill=6)
        self.delivery = DeliveryWorker(
            self.outbox,
            self.pool,
            self.central,
            post=self.hear,
            settings=limits,
            clock_unix=lambda: self.wall,
            clock=lambda: self.steady,
            random=lambda: 0.5,
        )
        self.submission = Submission(
            self.outbox,
            self.pool,
            sealer=lambda: self.sealer,
            password=lambda _: PASSWORD,
            origin=RequestOrigin(TERMINAL, True, {"kiosk": "0.1.0"}),
            clock=TerminalClock(wall=lambda: self.wall, boot=lambda: self.steady),
            wake=lambda: None,
            fetch_fresh=self.delivery.fetch_fresh,
            recheck_disk=lambda: None,
        )
        self.reconciliation.check()

    def hear(self, event) -> None:
        self.recorder.record_settled(event)
        if isinstance(event, ReceiptArrived):
            assert event.receipt.code is not Code.EVIDENCE_UNSEALABLE
            before = self.given.get(event.receipt.id)
            assert before is None or before.status is RequestStatus.PENDING or before == event.receipt
            self.given[event.receipt.id] = event.receipt

    @rule(
        people=st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(Purpose)), min_size=1, max_size=3)
    )
    def customers(self, people: list[tuple[str, Purpose]]) -> None:
        for who, purpose in people:
            self.customer(who, purpose, recorded=True)

    @rule(who=st.sampled_from(PEOPLE), purpose=st.sampled_from(Purpose))
    def power_goes_between_the_two_writes(self, who: str, purpose: Purpose) -> None:
        self.customer(who, purpose, recorded=False)

    def customer(self, who: str, purpose: Purpose, *, recorded: bool) -> None:
        """Promised only with its record."""
        if self.reconciliation.check() is not Code.OK:
            return  # out of service
        taken = self.submission.take_challenge()
        if not isinstance(taken, ChallengeTaken):
            return
        visit = new_visit_number()
        made = order(visit, card=replace(CARD, number=who))
        evidence = replace(
            made.evidence,
            challenge=taken.challenge.id,
            verdicts=passed(taken.challenge.id),
            began_unix=self.wall,
        )
        wanted = wanting(evidence, purpose)
        assert self.submission.submit(replace(made, evidence=wanted)) == Stored(visit)
        if recorded:
            self.recorder.record_event(visit, Stored(visit))
            self.promised.add(visit)
        else:
            self.start()

    @rule(seconds=st.sampled_from([0.0, 2.0, 30.0, 400.0]))
    def work(self, seconds: float) -> None:
        self.pass_time(seconds)
        self.delivery.round()

    @rule(seconds=st.sampled_from([60.0, 4000.0, 90_000.0]))
    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds
        self.central.now += seconds
        for claim in self.central.activations.claim_due(20):
            self.central.activations.resume(claim)

    @rule(up=st.booleans())
    def line(self, up: bool) -> None:
        self.central.up = up

    @rule(faults=st.lists(st.sampled_from(["never reached", "answer lost"]), min_size=1, max_size=3))
    def trouble(self, faults: list[str]) -> None:
        self.central.faults = faults

    @rule(word=st.sampled_from([MatchResult.MATCH, MatchResult.NOT_FOUND, MatchResult.UNAVAILABLE]))
    def register(self, word: MatchResult) -> None:
        self.central.register.word = word

    @rule(seconds=st.sampled_from([-86_400.0, -90.0, 90.0, 86_400.0]))
    def set_clock(self, seconds: float) -> None:
        """The terminal's only."""
        self.wall += seconds

    @rule()
    def new_sealing_key(self) -> None:
        """Central starts again with one more; the terminal learns it with its next heartbeat."""
        keys.rotate_sealing(self.central.folder)
        self.central.load()

    @rule(pick=st.integers(0, 100))
    def lose_a_row(self, pick: int) -> None:
        rows = [row.id for row in self.outbox.undelivered()] or sorted(self.outbox.ids())
        if rows:
            with closing(sqlite3.connect(self.file)) as outbox, outbox:
                outbox.execute("DELETE FROM requests WHERE id = ?", (rows[pick % len(rows)],))

    @rule()
    def supervisor(self) -> None:
        """Takes note of all that is lost, and the terminal serves again."""
        for visit in self.outbox.lost_ids():
            self.audit.append(RecordKind.REQUEST_GIVEN_UP, visit=visit, actor="2001")
            assert self.outbox.give_up(visit)
            self.promised.discard(visit)

    @rule()
    def take_a_copy(self) -> None:
        self.outbox.scrub()
        self.copy = self.folder / "copy"
        with closing(sqlite3.connect(self.file)) as now, closing(sqlite3.connect(self.copy)) as copy:
            now.backup(copy)

    @rule()
    def put_the_copy_back(self) -> None:
        if self.copy is None:
            return
        for database in self.databases:
            database.close()
        self.databases.clear()
        for old in self.file.parent.glob("outbox.sqlite3*"):
            old.unlink()
        shutil.copy(self.copy, self.file)
        self.start()

    @invariant()
    def nobody_has_two(self) -> None:
        with self.central.database.read() as session:
            people = session.execute(
                select(Credential.person, func.count())
                .where(Credential.revoked_unix.is_(None))
                .group_by(Credential.person)
            ).all()
            opened = Counter(session.scalars(select(Credential.activation)))
        assert all(count == 1 for _, count in people)
        assert all(count == 1 for count in opened.values())

    @invariant()
    def no_promise_disappears(self) -> None:
        """It is in the outbox, or central's word was told, or it is told as lost and nobody is served."""
        code = self.reconciliation.check()
        rows = {entry.id: entry for entry in self.outbox.list()}
        settled = {id for id, r in self.given.items() if r.status is not RequestStatus.PENDING}
        assert self.promised <= rows.keys() | settled
        lost = {id for id, entry in rows.items() if entry.code is Code.REQUEST_LOST}
        assert (code is Code.REQUEST_LOST) == bool(lost)

    def teardown(self) -> None:
        if not hasattr(self, "central"):
            return
        self.central.up, self.central.faults, self.central.register.word = True, [], MatchResult.MATCH
        for _ in range(60):
            self.work(4000.0)
        for entry in self.outbox.list():
            self._ended(entry)
        for database in self.databases:
            database.close()
        self.central.database.close()
        self.home.cleanup()

    def _ended(self, entry) -> None:
        """Delivered as central says; or lost, and then central never had it."""
        with self.central.database.read() as session:
            there = session.get(Activation, entry.id)
        assert entry.state in (RequestState.DELIVERED, RequestState.WEDGED), entry
        if entry.code is Code.REQUEST_GIVEN_UP:
            return  # nobody asks after it any more; it may have arrived before it was lost
        if entry.state is RequestState.WEDGED:
            assert (entry.code, there) == (Code.REQUEST_LOST, None), entry
        else:
            assert there is not None
            assert entry.receipt is not None
            assert (there.status, there.credential) == (entry.receipt.status.value, entry.receipt.credential)


BothEnds.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestBothEnds = pytest.mark.timeout(300)(BothEnds.TestCase)
