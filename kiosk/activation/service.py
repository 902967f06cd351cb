"""Provide the activation service: what bootstrap builds, the engine calls and staff inspect.

It opens what it needs by itself, and tries again for as long as something is missing: the terminal comes
back into service when the disk has room again or the enrolment has been repaired, without a restart.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import UNSET, Struct

from kiosk.activation import identity, usb_transfer
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.delivery import DeliveryWorker, TakeRoster
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.lost_requests import Reconciliation
from kiosk.activation.messages import (
    Heartbeat,
    HeartbeatReply,
    RequestOrigin,
    TerminalState,
    VisitState,
)
from kiosk.activation.outbox import Backlog, Outbox, RequestCounts, RequestSummary
from kiosk.activation.outbox_retention import OUTBOX_FILE
from kiosk.activation.passwords import PasswordStretcher
from kiosk.activation.phone_codes import ANSWER_S, Caller, PhoneCodes
from kiosk.activation.pinned_reader import ReaderCheck
from kiosk.activation.submission import Submission
from kiosk.audit.facts import sealing_facts
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.errors import AuditError, DeviceMissing, IdentityError, KioskError, OutboxError, StaffError
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
from kiosk.model import Device, ReaderIdentity
from kiosk.settings import Settings

log = logging.getLogger(__name__)

MAX_LOST_IDS = 100
"""Ids of lost requests that go along with one heartbeat."""
REOPEN_S = 2.0
"""Seconds between two tries to open what is missing."""
_DAY_S = 86_400.0


class _Components(Struct, frozen=True, kw_only=True):
    """What exists once identity and database could be opened."""

    outbox: Outbox
    pool: ChallengePool
    submission: Submission
    delivery: DeliveryWorker
    gateway: Gateway
    reconciliation: Reconciliation | None


class ImportResult(Struct, frozen=True, kw_only=True):
    """What an import from a stick brought.

    `known`: receipts that were here already or belong to no request of this terminal.
    """

    receipts: int
    known: int
    altered: int
    challenges: int
    roster: bool


class ActivationService:
    """Outbox, challenges and the connection to central, behind one interface.

    `submit`, `take_challenge` and `ready` never raise and never touch the network; any thread may call them.
    `run` is the work of the thread "delivery"; it posts ReceiptArrived, RequestWedged and, on every change,
    DeviceReady or DeviceFailed for IDENTITY, OUTBOX, CHALLENGES and CENTRAL.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        versions: Mapping[str, str],
        post: Callable[[Event], None],
        terminal_clock: TerminalClock | None = None,
        take_roster: TakeRoster | None = None,
        audit: AuditLog | None = None,
        describe: Callable[[], TerminalState] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`versions`: program ("kiosk") and models, as the evidence names them. Raises SettingsError.

        `take_roster` gets the signed token that says who may sign in here. `audit`: its head goes along with
        every call, so that central keeps it. `describe`: called for each heartbeat. `clock` paces the rounds.
        """
        self._settings = settings
        self._versions = dict(versions)
        self._post = post
        self._terminal_clock = terminal_clock or TerminalClock()
        self._clock_unix = self._terminal_clock.unix
        self._clock = clock
        self._take_roster = take_roster
        self._audit = audit
        self._describe = describe
        self._key_store = identity.make_key_store(settings)
        self.versions_known = True
        """False if central, at the last heartbeat, would not accept evidence of these versions."""
        self.audit_rewound = False
        """True if, at the last heartbeat, the audit log's head contradicted one that central keeps."""
        self.held = False
        """True if, at the last heartbeat, an alarm about this terminal was open at central."""
        central = settings.central
        self._http = HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
        self.passwords = PasswordStretcher()
        self.phone_codes = PhoneCodes(self._phone_caller, post=post, connected=self._is_connected)
        self._phone_http = HttpClient(
            central.url, settings.path(central.ca), min(central.connect_s, ANSWER_S), ANSWER_S
        )
        self._identity_folder = settings.path(settings.terminal.identity)
        self._lock = threading.RLock()
        self._reader_check = ReaderCheck(audit)
        self._database: Database | None = None
        self._identity: Identity | None = None
        self._components: _Components | None = None

    # ── for the engine ───────────────────────────────────────────────────────────────────────────

    def submit(self, order: Submit, picture: bytes | None = None) -> Stored | StoreFailed:
        """Seal the request and put it on disk. `picture`: JPEG, goes along only with consent to that."""
        try:
            return self._accepted().submission.submit(order, picture)
        except KioskError as error:
            return StoreFailed(error.code)

    def take_challenge(self) -> ChallengeTaken | ChallengeMissing:
        """Take a challenge; it is used up from here on, even if the power goes now."""
        try:
            return self._accepted().submission.take_challenge()
        except KioskError as error:
            return ChallengeMissing(error.code)

    def expect_challenge(self) -> None:
        """Fetch a fresh challenge now, if central can be reached: one will be taken soon."""
        with suppress(KioskError):
            self._opened().delivery.fetch_fresh()

    def ready(self) -> list[DeviceReady | DeviceFailed]:
        """Open what can be opened, write once to the disk, return the state of each device.

        The devices are IDENTITY, OUTBOX and CHALLENGES.
        """
        checks: tuple[tuple[Device, Callable[[], None]], ...] = (
            (Device.IDENTITY, self._check_identity),
            (Device.OUTBOX, self._check_outbox),
            (Device.CHALLENGES, self._check_challenges),
        )
        return [_device_state(device, check) for device, check in checks]

    def require_pinned(self, reader: ReaderIdentity) -> None:
        """Check that this card reader is the one that is pinned to this terminal.

        Raises DeviceMissing: READER_CHANGED, or why there is no enrolment to compare with.
        """
        try:
            with self._lock:
                pinned = self._open_identity().reader
        except IdentityError as error:
            raise DeviceMissing(error.code, error.detail) from None
        self._reader_check.require(reader, pinned)

    # ── for bootstrap ────────────────────────────────────────────────────────────────────────────

    def add_versions(self, versions: Mapping[str, str]) -> None:
        """Name these versions, too, in evidence and heartbeats: the models are loaded. Call before `run`."""
        self._versions.update(versions)

    def run(self, stop: threading.Event) -> None:
        """Deliver requests to central until `stop` is set."""
        posted: list[DeviceReady | DeviceFailed] = []
        while not stop.is_set():
            states = self.ready()
            for event in states:
                if event not in posted:
                    self._post(event)
            posted = states
            if self._components is not None:
                self._components.delivery.run(stop)
            stop.wait(REOPEN_S)
        self._http.close()

    def wake(self) -> None:
        """Begin the next round of delivery at once."""
        if self._components is not None:
            self._components.delivery.wake()

    @property
    def clock_off_s(self) -> float | None:
        """Central's clock minus the terminal's; None if central was not heard since the start."""
        return self._terminal_clock.off_s

    def contact_now(self) -> None:
        """Send a heartbeat at once, if central can be reached: the time is in doubt."""
        if self._components is not None:
            self._components.delivery.contact_now()

    @property
    def contact_unix(self) -> float | None:
        """When central last answered a heartbeat; None if it has not since the start."""
        return None if self._components is None else self._components.delivery.contact_unix

    def backlog(self) -> Backlog | None:
        """Return what waits and for how long; None while the outbox cannot be opened."""
        with self._lock:
            components = self._components
        try:
            return None if components is None else components.outbox.backlog(self._clock_unix())
        except OutboxError:
            return None

    def reconciliation_code(self) -> Code:
        """Return OK if the outbox holds what was promised; STARTING until it was compared with the log."""
        with self._lock:
            components = self._components
        if components is None:
            return Code.STARTING
        if components.reconciliation is None:
            return Code.OK
        return components.reconciliation.check()

    def close(self) -> None:
        """Close the database. Call after `run` has ended."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = self._components = None

    # ── for staff ────────────────────────────────────────────────────────────────────────────────

    def counts(self) -> RequestCounts:
        """Return the number of requests in each state. Raises OutboxError, IdentityError."""
        return self._opened().outbox.counts()

    def requests(self) -> list[RequestSummary]:
        """Return all requests, newest first, without personal data. Raises OutboxError, IdentityError."""
        return self._opened().outbox.list()

    def find(self, number: str) -> VisitState | None:
        """Ask central how a visit of any terminal stands; None: it never had it. Any thread may call it.

        Raises CentralError, IdentityError.
        """
        with self._lock:
            who = self._open_identity()
        central = self._settings.central
        # A connection of its own: the other one belongs to the thread that delivers.
        http = HttpClient(central.url, self._settings.path(central.ca), central.connect_s, central.answer_s)
        gateway = Gateway(
            http,
            who,
            self._terminal_clock,
            heartbeat_s=central.connect_s,
            audit_head=self._audit_head,
        )
        try:
            return gateway.visit_state(number)
        finally:
            gateway.close()

    def retry(self, request: str) -> bool:
        """Queue a wedged request once more; False if it is not wedged. Raises OutboxError, IdentityError."""
        components = self._opened()
        done = components.outbox.retry(request, self._clock_unix())
        components.delivery.wake()
        return done

    def give_up(self, request: str) -> bool:
        """Record that a supervisor has taken note of a lost request; False if it is not lost.

        Call it after the audit log has that record. Raises OutboxError, IdentityError.
        """
        return self._opened().outbox.give_up(request)

    def export(self, stick: Path, *, mounted_only: bool) -> int:
        """Copy every undelivered request to the stick, sealed and signed; return how many.

        They stay here too. Raises StaffError(STICK_*), OutboxError, IdentityError.
        """
        usb_transfer.check_stick(stick, mounted_only=mounted_only)
        requests = [request for request in self._opened().outbox.undelivered() if request.intact]
        return usb_transfer.write_requests(stick, self._open_identity(), requests, self._clock_unix())

    def import_answers(self, stick: Path, *, mounted_only: bool) -> ImportResult:
        """Take central's answers from the stick. Doing it twice changes nothing the second time.

        Raises StaffError(STICK_*), OutboxError, IdentityError.
        """
        usb_transfer.check_stick(stick, mounted_only=mounted_only)
        components, who = self._opened(), self._open_identity()
        answers = usb_transfer.read_answers(stick, who.challenge_key, who.terminal)
        settled = sum(components.delivery.settle(receipt) for receipt in answers.receipts)
        challenges = components.pool.add(answers.challenges, self._clock_unix())
        roster = self._import_roster(answers.roster) if answers.roster else Code.STAFF_NONE
        return ImportResult(
            receipts=settled,
            known=len(answers.receipts) - settled,
            altered=answers.altered + (roster is Code.STAFF_ROSTER_ALTERED),
            challenges=challenges,
            roster=roster is Code.OK,
        )

    def _import_roster(self, token: str) -> Code:
        """Return OK, or why the roster is not taken: altered, or expired."""
        if self._take_roster is None:
            return Code.STAFF_NONE
        try:
            self._take_roster(token, online=False)
        except StaffError as error:
            return error.code
        return Code.OK

    # ── one-time codes: on their own thread and connection ───────────────────────────────────────

    def run_phone_codes(self, stop: threading.Event) -> None:
        """Ask central for one-time codes until `stop` is set."""
        self.phone_codes.run(stop)
        self._phone_http.close()

    def _is_connected(self) -> bool:
        with self._lock:
            components = self._components
        return components is not None and components.delivery.connected

    def _phone_caller(self) -> Caller:
        with self._lock:
            who = self._open_identity()
        simulated = self._settings.mode == "simulation"
        gateway = Gateway(
            self._phone_http, who, self._terminal_clock, heartbeat_s=ANSWER_S, simulated=simulated
        )
        return Caller(gateway, who)

    # ── opening ──────────────────────────────────────────────────────────────────────────────────

    def _opened(self) -> _Components:
        """Raises IdentityError, OutboxError."""
        with self._lock:
            if self._components is None:
                self._components = self._build(self._open_identity(), self._open_database())
            return self._components

    def _accepted(self) -> _Components:
        """Raises as `_opened`, and IdentityError if central does not accept this terminal any more."""
        components = self._opened()
        if components.delivery.disowned is not None:
            raise IdentityError(components.delivery.disowned, "central said so")
        return components

    def _open_identity(self) -> Identity:
        if self._identity is None:
            found = identity.load(self._identity_folder, self._key_store)
            wanted = self._settings.terminal.id
            if wanted and wanted != found.terminal:
                detail = f"the settings say {wanted!r}, the enrolment {found.terminal!r}"
                raise IdentityError(Code.IDENTITY_MISSING, detail)
            self._identity = found
        return self._identity

    def _open_database(self) -> Database:
        if self._database is None:
            self._database = Database(self._settings.path(self._settings.storage.folder) / OUTBOX_FILE)
        return self._database

    def _build(self, who: Identity, database: Database) -> _Components:
        outbox = Outbox(database)
        pool = ChallengePool(
            database,
            who.challenge_key,
            who.terminal,
            who.store.secret,
            on_issued=self._terminal_clock.note_issued,
        )
        simulated = self._settings.mode == "simulation"
        gateway = Gateway(
            self._http,
            who,
            self._terminal_clock,
            heartbeat_s=self._settings.central.connect_s,
            simulated=simulated,
            make_heartbeat=lambda: self._make_heartbeat(outbox),
            on_heartbeat_reply=lambda reply: self._on_heartbeat_reply(who, reply),
            audit_head=self._audit_head,
        )
        delivery = DeliveryWorker(
            outbox,
            pool,
            gateway,
            post=self._post,
            settings=self._settings.central,
            clock_unix=self._clock_unix,
            clock=self._clock,
            clock_off_then=self._terminal_clock.off_then,
            take_roster=self._take_roster,
        )
        submission = Submission(
            outbox,
            pool,
            sealer=lambda: who.sealer,
            password=self.passwords.take,
            origin=RequestOrigin(who.terminal, simulated, self._versions),
            clock=self._terminal_clock,
            wake=delivery.wake,
            fetch_fresh=delivery.fetch_fresh,
            recheck_disk=delivery.recheck_disk,
        )
        return _Components(
            outbox=outbox,
            pool=pool,
            submission=submission,
            delivery=delivery,
            gateway=gateway,
            reconciliation=self._reconciliation(outbox, pool),
        )

    def _reconciliation(self, outbox: Outbox, pool: ChallengePool) -> Reconciliation | None:
        if self._audit is None:
            return None
        keep_s = self._settings.retention.receipts_days * _DAY_S
        return Reconciliation(self._audit, outbox, pool, keep_s=keep_s, clock_unix=self._clock_unix)

    # ── heartbeat ────────────────────────────────────────────────────────────────────────────────

    def _make_heartbeat(self, outbox: Outbox) -> Heartbeat:
        backlog = outbox.backlog(self._clock_unix())
        return Heartbeat(
            versions=self._versions,
            waiting=backlog.waiting,
            oldest_s=None if (backlog.oldest_s or 0.0) < 0.0 else backlog.oldest_s,
            sealing=self._settings.central.sealing,
            lost=tuple(outbox.lost_ids(include_given_up=True)[:MAX_LOST_IDS]),
            state=UNSET if self._describe is None else self._describe(),
        )

    def _on_heartbeat_reply(self, who: Identity, reply: HeartbeatReply) -> None:
        self.versions_known = reply.versions_known
        self.audit_rewound, self.held = reply.audit_rewound, reply.held
        try:
            changed = who.use_sealing_key(reply.sealing)
        except (IdentityError, OSError) as error:
            log.warning("central's new sealing key is not used: %s", type(error).__name__)
            return
        if changed and self._audit is not None:
            facts = sealing_facts(reply.sealing.key, reply.sealing.algorithm)
            self._audit.append(RecordKind.SEALING_CHANGED, facts=facts)

    def _audit_head(self) -> str | None:
        """None without a log, or if it cannot be read: that failure is reported under its own name."""
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
        identity.check(self._identity_folder, self._key_store)

    def _check_outbox(self) -> None:
        with self._lock:
            database = self._open_database()
        Outbox(database).probe(self._clock_unix())
        with suppress(IdentityError):  # reported under its own name
            self._opened()

    def _check_challenges(self) -> None:
        if self._opened().pool.count(self._clock_unix()) == 0:
            raise OutboxError(Code.CHALLENGE_NONE)


def _device_state(device: Device, check: Callable[[], None]) -> DeviceReady | DeviceFailed:
    try:
        check()
    except KioskError as error:
        return DeviceFailed(device, error.code)
    return DeviceReady(device)
