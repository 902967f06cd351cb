"""Outbox and delivery worker against a model of central, under random faults, kills and clock changes.

Whatever happens: no visit gets two credentials; nothing that was accepted disappears; a receipt that was
given stays; the same number always carries the same bytes. Once the faults end, everything is decided.
"""

import tempfile
from collections import Counter, deque
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.delivery import DeliveryWorker
from kiosk.activation.outbox import Outbox, RequestState
from kiosk.codes import Code
from kiosk.errors import Unacceptable, Unreachable, Untrusted
from kiosk.events import ReceiptArrived, RequestWedged
from kiosk.model import ActivationReceipt, RequestStatus
from kiosk.settings import CentralSettings

KEY = Ed25519PrivateKey.generate().public_key()
LIMITS = CentralSettings(
    url="", public_url="", ca="", connect_s=1, answer_s=1, pool_target=4, pool_refill=0, backoff_first_s=1,
    backoff_max_s=300, backoff_jitter=0.5, probe_s=1.5, contact_s=60,
    sealing="HPKE-X25519-SHA256-AES256GCM",
)  # fmt: skip
FAULTS = (
    "never reached",
    "answer lost",
    "busy",
    "fault",
    "in flight",
    "distrust",
    "refuse",
    "kill",
    "kill after",
)


class Killed(BaseException):
    """The process is gone; nothing below may catch this."""


class Central:
    """What central promises: one credential a number, the same answer again. Next calls meet `faults`."""

    def __init__(self) -> None:
        self.faults: deque[str] = deque()
        self.bodies: dict[str, bytes] = {}
        self.receipts: dict[str, ActivationReceipt] = {}
        self.opened: Counter[str] = Counter()
        self.pending_first = False

    def activate(self, request: str, body: bytes, clock_off_s: float | None = None) -> ActivationReceipt:
        return self._befall(lambda: self._take(request, body), doomed=request)

    def look_up(self, request: str) -> ActivationReceipt | None:
        return self._befall(lambda: self.receipts.get(request))

    def heartbeat(self, wants: object) -> None:
        self._befall(lambda: None)

    def challenges(self, count: int) -> list[str]:
        return []

    def decide(self) -> None:
        """Whatever was pending becomes active."""
        for id, receipt in self.receipts.items():
            if receipt.status is RequestStatus.PENDING:
                self.opened[id] += 1
                self.receipts[id] = ActivationReceipt(
                    id=id, status=RequestStatus.ACTIVATED, code=Code.OK, credential=f"C-{id}"
                )

    def _take(self, request: str, body: bytes) -> ActivationReceipt:
        assert self.bodies.setdefault(request, body) == body, "another body under the same number"
        if request not in self.receipts:
            if self.pending_first:
                made = ActivationReceipt(
                    id=request,
                    status=RequestStatus.PENDING,
                    code=Code.PERSON_NOT_YET_VISIBLE,
                    credential=None,
                    recheck_unix=30.0,
                    at_unix=0.0,
                )
            else:
                self.opened[request] += 1
                made = ActivationReceipt(
                    id=request, status=RequestStatus.ACTIVATED, code=Code.OK, credential=f"C-{request}"
                )
            self.receipts[request] = made
        return self.receipts[request]

    def _befall(self, work, doomed: str | None = None):
        match self.faults.popleft() if self.faults else "":
            case "never reached":
                raise Unreachable(Code.CENTRAL_UNREACHABLE)
            case "answer lost":
                work()
                raise Unreachable(Code.CENTRAL_UNREACHABLE)
            case "busy":
                raise Unreachable(Code.CENTRAL_BUSY)
            case "fault":
                raise Unreachable(Code.CENTRAL_FAULT)
            case "in flight":
                raise Unreachable(Code.REQUEST_IN_FLIGHT)
            case "distrust":
                raise Untrusted(Code.TERMINAL_REVOKED)
            case "refuse" if doomed and doomed not in self.receipts:
                raise Unacceptable(Code.REQUEST_MALFORMED)
            case "kill":
                raise Killed
            case "kill after":
                work()
                raise Killed
        return work()


class ExactlyOnce(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.central = Central()
        self.accepted: set[str] = set()
        self.given: dict[str, ActivationReceipt] = {}
        self.wedged: set[str] = set()
        self.wall = 1_000_000.0
        self.steady = 0.0
        self.databases: list[Database] = []
        self.start()

    @rule()
    def start(self) -> None:
        """Start, or start again on the file that is there. The old connection is left as a killed one is."""
        database = Database(Path(self.folder.name) / "o.sqlite3")
        self.databases.append(database)
        self.outbox = Outbox(database)
        self.delivery = DeliveryWorker(
            self.outbox,
            ChallengePool(database, KEY, "T-1", lambda _: bytes(32)),
            self.central,
            post=self.hear,
            settings=LIMITS,
            clock_unix=lambda: self.wall,
            clock=lambda: self.steady,
            random=lambda: 0.5,
        )

    def hear(self, event) -> None:
        if isinstance(event, ReceiptArrived):
            before = self.given.get(event.receipt.id)
            assert before is None or before.status is RequestStatus.PENDING, "told twice"
            self.given[event.receipt.id] = event.receipt
        if isinstance(event, RequestWedged):
            self.wedged.add(event.request)

    @rule(count=st.integers(1, 3))
    def put(self, count: int) -> None:
        for _ in range(count):
            id = f"V{len(self.accepted)}"
            self.outbox.put(id, id.encode() * 50, self.wall)
            self.accepted.add(id)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4))
    def trouble(self, faults: list[str]) -> None:
        self.central.faults.extend(faults)

    @rule(pending=st.booleans())
    def mood(self, pending: bool) -> None:
        self.central.pending_first = pending

    @rule()
    def decide(self) -> None:
        self.central.decide()

    @rule(seconds=st.sampled_from([0.0, 0.3, 2.0, 30.0, 400.0]))
    def work(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds
        try:
            self.delivery.round()
        except Killed:
            self.start()

    @rule(seconds=st.sampled_from([-1e6, -3600.0, -10.0, 10.0, 3600.0, 1e6]))
    def set_clock(self, seconds: float) -> None:
        self.wall = max(0.0, self.wall + seconds)

    @rule(pick=st.integers(0, 100))
    def retry(self, pick: int) -> None:
        """Staff."""
        if self.wedged:
            self.outbox.retry(sorted(self.wedged)[pick % len(self.wedged)], self.wall)

    @invariant()
    def one_credential_each(self) -> None:
        assert all(count <= 1 for count in self.central.opened.values())

    @invariant()
    def nothing_disappears(self) -> None:
        entries = {entry.id: entry for entry in self.outbox.list()}
        assert set(entries) == self.accepted
        for id, receipt in self.given.items():
            kept = entries[id].receipt
            assert kept is not None
            assert kept == receipt or receipt.status is RequestStatus.PENDING
        for entry in entries.values():
            if entry.state is RequestState.DELIVERED:
                assert self.central.receipts[entry.id] == entry.receipt

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        self.central.faults.clear()
        self.central.decide()
        self.central.pending_first = False
        for _ in range(40):
            self.work(400.0)
            self.central.decide()
        for entry in self.outbox.list():
            assert entry.state in (RequestState.DELIVERED, RequestState.WEDGED), entry
            if entry.state is RequestState.DELIVERED:
                assert self.central.opened[entry.id] == 1
        for database in self.databases:
            database.close()
        self.folder.cleanup()


ExactlyOnce.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestExactlyOnce = pytest.mark.timeout(300)(ExactlyOnce.TestCase)
