"""The activation room's one door: what bootstrap builds, the engine asks and staff look at.

It opens what it needs by itself, and tries again for as long as something is missing: the terminal comes
back into service when the disk has room again or the enrolment has been put right, without a restart.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from kiosk.activation import identity, usb_transfer
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.delivery import DeliveryWorker
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.inventory import OUTBOX_FILE
from kiosk.activation.messages import About, Heartbeat, HeartbeatReply
from kiosk.activation.outbox import Backlog, Counts, Entry, Outbox
from kiosk.activation.reconciliation import Reconciliation
from kiosk.activation.submission import Submission
from kiosk.audit.log import AuditLog
from kiosk.audit.record import Kind
from kiosk.codes import Code
from kiosk.errors import AuditError, IdentityError, KioskError, OutboxError, StaffError
from kiosk.events import (
    ChallengeMissing,
    ChallengeTaken,
    DeviceFailed,
    DeviceReady,
    Event,
    Stored,
    StoreFailed,
    Submit,
)
from kiosk.model import Device
from kiosk.settings import Settings

log = logging.getLogger(__name__)

LOST_AT_MOST = 100
"""Numbers that go along with a sign of life."""
REOPEN_S = 2.0
"""Between two tries to open what is missing."""
_DAY_S = 86_400.0


class _Parts(Struct, frozen=True):
    """What there is once everything could be opened."""

    outbox: Outbox
    pool: ChallengePool
    intake: Submission
    courier: DeliveryWorker
    gateway: Gateway
    ledger: Reconciliation | None


class ImportResult(Struct, frozen=True):
    """What a stick brought. `known`: receipts that were here already or are nobody's of ours."""

    receipts: int
    known: int
    altered: int
    challenges: int
    roster: bool


class ActivationService:
    """`submit`, `take_challenge` and `ready` never raise and never touch the network; any thread may call.

    `run` is the work of the thread "courier"; it gives ReceiptArrived, RequestWedged and, on every change,
    DeviceReady or DeviceFailed for IDENTITY, OUTBOX, CHALLENGES and CENTRAL.
    """

    def __init__(
        self,
        settings: Settings,
        versions: Mapping[str, str],
        give: Callable[[Event], None],
        clock_unix: Callable[[], float] = time.time,
        take_roster: Callable[[str], None] | None = None,
        audit: AuditLog | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`versions`: program ("kiosk") and models, as the evidence names them. Raises SettingsError.

        `take_roster` gets the signed token that says who may sign in here. `audit`: its head goes along with
        every call, so that central keeps it.
        """
        self._settings = settings
        self._versions = dict(versions)
        self._give = give
        self._clock_unix = clock_unix
        self._clock = clock
        self._take_roster = take_roster
        self._audit = audit
        self._store = identity.make_key_store(settings)
        self.versions_known = True
        """What central said last of our versions."""
        self.audit_rewound = False
        """… and of the head of our audit log."""
        central = settings.central
        self._wire = HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
        self._identity_folder = settings.path(settings.terminal.identity)
        self._lock = threading.RLock()
        self._database: Database | None = None
        self._identity: Identity | None = None
        self._parts: _Parts | None = None

    # ── for the engine ───────────────────────────────────────────────────────────────────────────

    def submit(self, order: Submit, picture: bytes | None = None) -> Stored | StoreFailed:
        """Seal and put on disk. `picture`: JPEG, goes along only if the person agreed to that."""
        try:
            return self._owned().intake.submit(order, picture)
        except KioskError as error:
            return StoreFailed(error.code)

    def take_challenge(self) -> ChallengeTaken | ChallengeMissing:
        """Used up from here on, even if the power goes now."""
        try:
            return self._owned().intake.take_challenge()
        except KioskError as error:
            return ChallengeMissing(error.code)

    def ready(self) -> list[DeviceReady | DeviceFailed]:
        """How IDENTITY, OUTBOX and CHALLENGES are now; opens what can be opened, writes once to the disk."""
        checks: tuple[tuple[Device, Callable[[], None]], ...] = (
            (Device.IDENTITY, self._check_identity),
            (Device.OUTBOX, self._check_outbox),
            (Device.CHALLENGES, self._check_challenges),
        )
        return [_state(device, check) for device, check in checks]

    # ── for bootstrap ────────────────────────────────────────────────────────────────────────────

    def know(self, versions: Mapping[str, str]) -> None:
        """The models are loaded: from now on evidence names these versions. Before `run`."""
        self._versions.update(versions)

    def run(self, stop: threading.Event) -> None:
        """Carry requests to central until `stop` is set."""
        told: list[DeviceReady | DeviceFailed] = []
        while not stop.is_set():
            states = self.ready()
            for event in states:
                if event not in told:
                    self._give(event)
            told = states
            if self._parts is not None:
                self._parts.courier.run(stop)
            stop.wait(REOPEN_S)
        self._wire.close()

    def wake(self) -> None:
        """Look now whether there is something to do."""
        if self._parts is not None:
            self._parts.courier.wake()

    @property
    def clock_off_s(self) -> float | None:
        """Central's clock minus ours at the last sign of life; None if there was none yet."""
        return None if self._parts is None else self._parts.gateway.clock_off_s

    @property
    def contact_unix(self) -> float | None:
        """When central last answered; None if it has not since the start."""
        return None if self._parts is None else self._parts.courier.contact_unix

    def backlog(self) -> Backlog | None:
        """What waits, and since when; None while the outbox cannot be opened."""
        with self._lock:
            parts = self._parts
        try:
            return None if parts is None else parts.outbox.backlog(self._clock_unix())
        except OutboxError:
            return None

    def reconciliation_code(self) -> Code:
        """OK if the outbox holds what the log says was promised; STARTING until that was compared."""
        with self._lock:
            parts = self._parts
        if parts is None:
            return Code.STARTING
        if parts.ledger is None:
            return Code.OK
        return parts.ledger.check()

    def close(self) -> None:
        """After `run` has ended."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = self._parts = None

    # ── for staff ────────────────────────────────────────────────────────────────────────────────

    def counts(self) -> Counts:
        """Raises OutboxError, IdentityError."""
        return self._opened().outbox.counts()

    def requests(self) -> list[Entry]:
        """Newest first; nothing personal. Raises OutboxError, IdentityError."""
        return self._opened().outbox.list()

    def retry(self, request: str) -> bool:
        """Send a wedged request once more; False if it is not wedged. Raises OutboxError, IdentityError."""
        parts = self._opened()
        done = parts.outbox.retry(request, self._clock_unix())
        parts.courier.wake()
        return done

    def give_up(self, request: str) -> bool:
        """A supervisor has taken note of a lost request, and that is recorded already; False if it is none.

        Raises OutboxError, IdentityError.
        """
        return self._opened().outbox.give_up(request)

    def export(self, stick: Path, *, mounted_only: bool) -> int:
        """Give every undelivered request to the stick, sealed and signed; how many.

        They stay here too. Raises StaffError(STICK_*), OutboxError, IdentityError.
        """
        usb_transfer.check_stick(stick, mounted_only=mounted_only)
        rows = [row for row in self._opened().outbox.undelivered() if row.intact]
        return usb_transfer.pack(stick, self._open_identity(), rows, self._clock_unix())

    def import_answers(self, stick: Path, *, mounted_only: bool) -> ImportResult:
        """Take what central answered. Doing it twice changes nothing the second time.

        Raises StaffError(STICK_*), OutboxError, IdentityError.
        """
        usb_transfer.check_stick(stick, mounted_only=mounted_only)
        parts, who = self._opened(), self._open_identity()
        came = usb_transfer.read_answers(stick, who.challenge_key, who.terminal)
        news = sum(parts.courier.settle(receipt) for receipt in came.receipts)
        digits = parts.pool.add(came.challenges, self._clock_unix())
        roster = self._bring_roster(came.roster) if came.roster else Code.STAFF_NONE
        altered = came.altered + (roster is Code.STAFF_ROSTER_ALTERED)
        return ImportResult(news, len(came.receipts) - news, altered, digits, roster is Code.OK)

    def _bring_roster(self, token: str) -> Code:
        """OK, or why it is of no use: altered, or over."""
        if self._take_roster is None:
            return Code.STAFF_NONE
        try:
            self._take_roster(token)
        except StaffError as error:
            return error.code
        return Code.OK

    # ── opening ──────────────────────────────────────────────────────────────────────────────────

    def _opened(self) -> _Parts:
        """Raises IdentityError, OutboxError."""
        with self._lock:
            if self._parts is None:
                self._parts = self._join(self._open_identity(), self._open_database())
            return self._parts

    def _owned(self) -> _Parts:
        """Raises as `_opened`, and IdentityError if central does not take this terminal any more."""
        parts = self._opened()
        if parts.courier.disowned is not None:
            raise IdentityError(parts.courier.disowned, "central said so")
        return parts

    def _open_identity(self) -> Identity:
        if self._identity is None:
            found = identity.load(self._identity_folder, self._store)
            wanted = self._settings.terminal.id
            if wanted and wanted != found.terminal:
                detail = f"the settings say {wanted!r}, the enrolment {found.terminal!r}"
                raise IdentityError(Code.IDENTITY_MISSING, detail)
            self._identity = found
        return self._identity

    def _open_database(self) -> Database:
        if self._database is None:
            self._database = Database(_outbox_path(self._settings))
        return self._database

    def _join(self, who: Identity, database: Database) -> _Parts:
        central = self._settings.central
        outbox = Outbox(database)
        pool = ChallengePool(database, who.challenge_key, who.terminal)
        simulated = self._settings.mode == "simulation"
        gateway = Gateway(
            self._wire,
            who,
            self._clock_unix,
            central.connect_s,
            simulated,
            report=lambda: self._report(outbox),
            greeted=lambda greeting: self._greeted(who, greeting),
            head=self._head,
        )
        courier = DeliveryWorker(
            outbox,
            pool,
            gateway,
            self._give,
            central,
            self._clock_unix,
            self._clock,
            take_roster=self._take_roster,
        )
        about = About(who.terminal, simulated, self._versions)
        intake = Submission(
            outbox, pool, lambda: who.sealer, about, self._clock_unix, courier.wake, courier.recheck_disk
        )
        keep_s = self._settings.retention.receipts_days * _DAY_S
        ledger = Reconciliation(self._audit, outbox, pool, keep_s, self._clock_unix) if self._audit else None
        return _Parts(outbox, pool, intake, courier, gateway, ledger)

    # ── what is told to central, and by it ───────────────────────────────────────────────────────

    def _report(self, outbox: Outbox) -> Heartbeat:
        backlog = outbox.backlog(self._clock_unix())
        lost = tuple(outbox.lost_ids(include_given_up=True)[:LOST_AT_MOST])
        sealing = self._settings.central.sealing
        return Heartbeat(self._versions, backlog.waiting, backlog.oldest_s, sealing, lost)

    def _greeted(self, who: Identity, greeting: HeartbeatReply) -> None:
        self.versions_known = greeting.versions_known
        self.audit_rewound = greeting.audit_rewound
        try:
            changed = who.use_sealing_key(greeting.sealing)
        except (IdentityError, OSError) as error:
            log.warning("central's new sealing key is not used: %s", type(error).__name__)
            return
        if changed and self._audit is not None:
            key = greeting.sealing
            self._audit.append(Kind.SEALING_CHANGED, facts={"key": key.key, "algorithm": key.algorithm})

    def _head(self) -> str | None:
        """None where there is no log or it cannot be read: that is told under its own name."""
        if self._audit is None:
            return None
        try:
            head = self._audit.head
        except AuditError:
            return None
        return f"{head.seq}:{head.hash}" if head.seq else None

    # ── checks: raise if something is wrong ──────────────────────────────────────────────────────

    def _check_identity(self) -> None:
        with self._lock:
            self._open_identity()
        identity.check(self._identity_folder, self._store)

    def _check_outbox(self) -> None:
        with self._lock:
            database = self._open_database()
        Outbox(database).probe(self._clock_unix())
        with suppress(IdentityError):  # told under its own name
            self._opened()

    def _check_challenges(self) -> None:
        if self._opened().pool.count(self._clock_unix()) == 0:
            raise OutboxError(Code.CHALLENGE_NONE)


def _outbox_path(settings: Settings) -> Path:
    return settings.path(settings.storage.folder) / OUTBOX_FILE


def _state(device: Device, check: Callable[[], None]) -> DeviceReady | DeviceFailed:
    try:
        check()
    except KioskError as error:
        return DeviceFailed(device, error.code)
    return DeviceReady(device)
