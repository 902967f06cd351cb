"""Deliver what waits in the outbox to central: each request takes effect once, whatever fails on the way.

A round: a heartbeat if one is due, whose answer brings challenges if few are left and the roster if it has
changed → requests that are due → challenges, if few are left still. A
fault of the connection ends the round; a fault of one request is recorded in its row, and the round goes on.
A row that may have been sent before is looked up first; only if central never had it, the same bytes are sent
again under the same key.

    connected ──Unreachable, and no heartbeat either──▶ disconnected: a heartbeat is tried after `probe_s`,
       ▲                                                 then less often, at least every `contact_s`; when
       │                                                 one is answered, what waited is due at once
       ├──429, 503 with Retry-After──▶ disconnected: no call for the time that is asked, up to `backoff_max_s`
       └──Untrusted──▶ distrusted: staff are notified; no call for `contact_s` … `backoff_max_s`

A request that was promised and is missing here now (`reconciliation.py`) is looked up with each heartbeat.

A central that answers "unknown terminal" or "revoked" has disowned the terminal: no delivery can be promised
any more, until a signed call is answered again.
"""

import logging
import threading
import time
from collections.abc import Callable
from random import random as system_random
from typing import Protocol

from kiosk.activation.backoff import delay
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.outbox import Outbox, QueuedRequest
from kiosk.clock import Moment
from kiosk.codes import Code
from kiosk.errors import CentralError, KioskError, OutboxError, Unacceptable, Unreachable, Untrusted
from kiosk.events import DeviceFailed, DeviceReady, Event, ReceiptArrived, RequestWedged
from kiosk.model import ActivationReceipt, Device, Given, Wants
from kiosk.ports import Central
from kiosk.settings import CentralSettings

log = logging.getLogger(__name__)

MAX_REQUESTS_PER_ROUND = 20
"""After so many requests challenges get their turn."""
RECHECK_MAX_S = 3600.0
"""A pending request is looked up at least hourly, whatever central planned."""
MAX_CHALLENGES_PER_CALL = 200
"""Central's own limit."""
ROSTER_RENEW_S = 600.0
"""A roster is fetched whole this often, though it has not changed: it counts from when it was issued."""
HEARTBEAT_SPREAD = 0.1
"""Share of the interval of heartbeats that is random."""
DISOWNED = frozenset({Code.TERMINAL_REVOKED, Code.TERMINAL_UNKNOWN})
_STOP_POLL_S = 0.25
"""How soon `run` notices that it is to stop."""


class TakeRoster(Protocol):
    """Keeps a roster's signed token; `online`: it came straight from central, not on a stick."""

    def __call__(self, token: str, /, *, online: bool) -> object:
        """Keep it. Raises KioskError if it is not valid."""


class DeliveryWorker:
    """`run` is the work of one thread; `wake`, `recheck_disk` and `settle` may be called from any."""

    def __init__(
        self,
        outbox: Outbox,
        pool: ChallengePool,
        central: Central,
        *,
        post: Callable[[Event], None],
        settings: CentralSettings,
        clock_unix: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random,
        clock_off_then: Callable[[Moment, float], float | None] = lambda *_: None,
        take_roster: TakeRoster | None = None,
    ) -> None:
        """`clock` paces the rounds, `clock_unix` dates the rows; `clock_off_then`: of a `TerminalClock`.

        `take_roster` gets the signed token that says who may sign in, once after each heartbeat.
        """
        self._outbox = outbox
        self._pool = pool
        self._central = central
        self._post = post
        self._settings = settings
        self._clock_unix = clock_unix
        self._clock = clock
        self._random = random
        self._clock_off_then = clock_off_then
        self._take_roster = take_roster
        self._roster_due = False
        self._roster_version: str | None = None  # of the one that was kept
        self._roster_renewed_at = 0.0  # by `clock`
        self.contact_unix: float | None = None
        """When central last answered a heartbeat."""
        self._woken = threading.Event()
        self._disk_check_due = True
        self._reported: dict[Device, Code] = {}
        self._connected = False
        self._heartbeat_at = 0.0  # next heartbeat, by `clock`
        self._refill_at = 0.0
        self._refill_tries = 0
        self._fresh_wanted = False
        self._quiet_until = 0.0
        self._failed_rounds = 0  # in a row, central not reached
        self._distrusted_rounds = 0  # in a row
        self.disowned: Code | None = None
        """Why central does not accept this terminal any more."""

    @property
    def connected(self) -> bool:
        """Whether central answered when it was asked last."""
        return self._connected

    def wake(self) -> None:
        """Begin the next round at once: there may be something to deliver."""
        self._woken.set()

    def fetch_fresh(self) -> None:
        """Begin a round at once that brings a fresh challenge, if there is none."""
        self._fresh_wanted = True
        self.wake()

    def contact_now(self) -> None:
        """Begin a round with a heartbeat at once: it tells central's time."""
        self._heartbeat_at = 0.0
        self.wake()

    def recheck_disk(self) -> None:
        """Probe the disk in the next round and report its state; called when a write has failed."""
        self._disk_check_due = True
        self.wake()

    def run(self, stop: threading.Event) -> None:
        """Do rounds until `stop` is set."""
        while not stop.is_set():
            self._woken.clear()
            self._sleep(stop, self.round(stop.is_set))

    def round(self, stopped: Callable[[], bool] = lambda: False) -> float:
        """Do one round; return after how many seconds the next is due, unless woken."""
        now = self._clock()
        if now < self._quiet_until:
            return self._quiet_until - now
        try:
            if self._disk_check_due:
                self._outbox.probe(self._clock_unix())
                self._disk_check_due = False
                self._report(Device.OUTBOX, Code.OK)
            next_round_in = self._call_central(stopped)
            has_challenges = self._pool.count(self._clock_unix()) > 0
            self._report(Device.CHALLENGES, Code.OK if has_challenges else Code.CHALLENGE_NONE)
        except OutboxError as error:
            self._disk_check_due = True
            self._report(Device.OUTBOX, error.code)
            return self._probe_delay(1)
        return next_round_in

    def settle(self, receipt: ActivationReceipt) -> bool:
        """Store a receipt that came another way than over HTTPS; return True if it was news."""
        is_news = self._store_receipt(receipt.id, receipt)
        if is_news:
            self._outbox.scrub()
            self._post(ReceiptArrived(receipt))
        return is_news

    # ── one round ────────────────────────────────────────────────────────────────────────────────

    def _call_central(self, stopped: Callable[[], bool]) -> float:
        """Do the calls of one round; return the seconds until the next."""
        try:
            self._heartbeat_if_due()
            self._deliver_due(stopped)
            self._refill_if_due()
            self._fetch_roster_if_due()
        except Untrusted as error:
            return self._enter_distrust(error)
        except CentralError as error:
            return self._disconnect(error)
        self._distrusted_rounds = self._failed_rounds = 0
        self._report(Device.CENTRAL, Code.OK)
        return self._until_next_round()

    def _heartbeat_if_due(self) -> None:
        if self._connected and self._clock() < self._heartbeat_at:
            return
        self._heartbeat()
        now = self._clock_unix()
        if not self._connected:
            self._outbox.make_all_due(now)
            self._connected = True
        self._look_up_lost()

    def _heartbeat(self) -> None:
        """Exchange a heartbeat, signed: the answer shows whether central still accepts this terminal."""
        given = self._central.heartbeat(self._wants())
        # Not exactly: terminals that came back together must not stay together.
        spread = 1.0 - HEARTBEAT_SPREAD * self._random()
        self._heartbeat_at = self._clock() + self._settings.contact_s * spread
        self.contact_unix = self._clock_unix()
        self._outbox.record_contact(self.contact_unix)
        self._roster_due = given is None
        if given is not None:
            self._take(given)
        if self.disowned is not None:
            self.disowned = None
            self._report(Device.IDENTITY, Code.OK)

    def _wants(self) -> Wants:
        renew = self._clock() >= self._roster_renewed_at + ROSTER_RENEW_S
        return Wants(self._missing_challenges(), None if renew else self._roster_version)

    def _take(self, given: Given) -> None:
        """Keep what came with the answer to a heartbeat."""
        now = self._clock_unix()
        if given.challenges and self._pool.add(given.challenges, now):
            self._refill_tries = 0
        if given.roster is not None and self._keep_roster(given.roster.token):
            self._roster_version, self._roster_renewed_at = given.roster.version, self._clock()

    def _missing_challenges(self) -> int:
        left = self._pool.count(self._clock_unix())
        missing = self._settings.pool_target - left if left < self._settings.pool_refill else 0
        return min(missing, MAX_CHALLENGES_PER_CALL)

    def _look_up_lost(self) -> None:
        """Settle lost requests that central got before they were lost here."""
        for id in self._outbox.lost_ids()[:MAX_REQUESTS_PER_ROUND]:
            try:
                receipt = self._central.look_up(id)
            except CentralError as error:
                if _ends_round(error):
                    raise
                log.warning("%s: %s", id, error)
                return
            if receipt is not None:
                self._settle(id, receipt)

    def _deliver_due(self, stopped: Callable[[], bool]) -> None:
        settled = False
        for _ in range(MAX_REQUESTS_PER_ROUND):
            request = self._outbox.next_due(self._clock_unix())
            if request is None or stopped():
                break
            settled |= self._deliver(request)
        if settled:
            self._outbox.scrub()

    def _deliver(self, request: QueuedRequest) -> bool:
        """Try to deliver one request, once. Returns True if central gave a receipt."""
        if not request.intact:
            self._wedge(request, Code.OUTBOX_DAMAGED)
            return False
        now = self._clock_unix()
        self._outbox.begin_attempt(request.id, now, now + self._backoff(request.tries + 1))
        try:
            receipt = self._obtain_receipt(request)
        except Unacceptable as error:
            self._wedge(request, error.code)
            return False
        except CentralError as error:
            self._delivery_failed(request, error)
            return False
        self._settle(request.id, receipt)
        return True

    def _obtain_receipt(self, request: QueuedRequest) -> ActivationReceipt:
        """Return central's receipt. An unknown outcome is looked up before anything is sent again."""
        if request.sent or request.body is None:
            receipt = self._central.look_up(request.id)
            if receipt is not None:
                return receipt
        if request.body is None:
            raise Unacceptable(Code.REQUEST_UNKNOWN, "central had it once, and now it does not")
        off_s = self._clock_off_then(request.moment, request.put_unix) if request.moment else None
        return self._central.activate(request.id, request.body, off_s)

    def _settle(self, id: str, receipt: ActivationReceipt) -> None:
        if self._store_receipt(id, receipt):
            log.info("%s: %s (%s)", id, receipt.status.value, receipt.code.value)
            self._post(ReceiptArrived(receipt))

    def _store_receipt(self, id: str, receipt: ActivationReceipt) -> bool:
        """Store the receipt of request `id`; return True if it was news.

        A pending one is looked up again as central plans. The wait is the difference of two times of
        central's own, so that the clocks need not agree.
        """
        now = self._clock_unix()
        planned_s = (receipt.recheck_unix or 0.0) - receipt.at_unix
        recheck_in_s = min(max(planned_s, self._settings.backoff_first_s), RECHECK_MAX_S)
        return self._outbox.settle(id, receipt, now, now + recheck_in_s)

    def _wedge(self, request: QueuedRequest, code: Code) -> None:
        log.error("%s is set aside: %s", request.id, code.value)
        self._outbox.wedge(request.id, code, self._clock_unix())
        self._post(RequestWedged(request.id, code))

    def _delivery_failed(self, request: QueuedRequest, error: CentralError) -> None:
        """Record the failure; a heartbeat shows whether it is this request or the connection.

        Raises CentralError if it is the connection.
        """
        log.warning("%s: %s", request.id, error)
        self._outbox.record_failure(request.id, error.code)
        if _ends_round(error):
            raise error
        if error.code is not Code.REQUEST_IN_FLIGHT:
            self._heartbeat()

    def _refill_if_due(self) -> None:
        now, at_unix = self._clock(), self._clock_unix()
        stale, self._fresh_wanted = self._fresh_wanted and not self._pool.has_fresh(at_unix), False
        count = max(self._missing_challenges(), int(stale))
        if count == 0 or now < self._refill_at:
            return
        try:
            added = self._pool.add(self._central.challenges(count), self._clock_unix())
        except (Unreachable, Unacceptable) as error:
            if _ends_round(error):
                raise
            log.warning("no challenges: %s", error)
            added = 0
            self._heartbeat()
        self._refill_tries = 0 if added else self._refill_tries + 1
        self._refill_at = now if added else now + self._backoff(self._refill_tries)

    def _fetch_roster_if_due(self) -> None:
        """Fetch the roster once after each heartbeat of a central that does not give it with the answer."""
        if self._take_roster is None or not self._roster_due:
            return
        self._roster_due = False
        try:
            token = self._central.roster()
        except CentralError as error:
            if _ends_round(error):
                raise
            log.warning("no roster: %s", error)
            return
        self._keep_roster(token)

    def _keep_roster(self, token: str) -> bool:
        """Keep a roster that is valid; return whether it was.

        One that does not come, or is invalid, stops nothing: the one on disk has its own expiry.
        """
        if self._take_roster is None:
            return True
        try:
            return self._take_roster(token, online=True) is not False
        except KioskError as error:
            log.warning("no roster: %s", error)
            return False

    # ── state ────────────────────────────────────────────────────────────────────────────────────

    def _disconnect(self, error: CentralError) -> float:
        """Return the seconds until the next round, which begins with a heartbeat."""
        self._connected = False
        self._failed_rounds += 1
        self._report(Device.CENTRAL, error.code)
        wait = self._probe_delay(self._failed_rounds)
        if isinstance(error, Unreachable) and error.retry_after_s is not None:
            s = self._settings
            asked = min(error.retry_after_s, s.backoff_max_s)
            wait = max(wait, asked * (1.0 + s.backoff_jitter * self._random()))
            self._quiet_until = self._clock() + wait
        return wait

    def _enter_distrust(self, error: Untrusted) -> float:
        """Make no call for a while, longer with each time in a row: the other end may not be central.

        Returns the seconds until the next round.
        """
        self._connected = False
        self._distrusted_rounds += 1
        self._report(Device.CENTRAL, error.code)
        if error.code in DISOWNED:
            self.disowned = error.code
            self._report(Device.IDENTITY, error.code)
        s = self._settings
        longest = max(s.backoff_max_s, s.contact_s)
        quiet = delay(self._distrusted_rounds, s.contact_s, longest, s.backoff_jitter, self._random)
        self._quiet_until = self._clock() + quiet
        return quiet

    def _report(self, device: Device, code: Code) -> None:
        """Post DeviceReady or DeviceFailed if the state differs from the last one posted."""
        if self._reported.get(device) is code:
            return
        self._reported[device] = code
        if code is Code.OK:
            log.info("%s is ready", device.value)
            self._post(DeviceReady(device))
        else:
            log.warning("%s is not ready: %s", device.value, code.value)
            self._post(DeviceFailed(device, code))

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def _backoff(self, tries: int) -> float:
        s = self._settings
        return delay(tries, s.backoff_first_s, s.backoff_max_s, s.backoff_jitter, self._random)

    def _probe_delay(self, tries: int) -> float:
        s = self._settings
        return delay(tries, s.probe_s, max(s.probe_s, s.contact_s), s.backoff_jitter, self._random)

    def _until_next_round(self) -> float:
        now = self._clock()
        seconds = self._heartbeat_at - now
        due = self._outbox.due_in(self._clock_unix())
        if due is not None:
            seconds = min(seconds, due)
        if self._refill_tries:
            seconds = min(seconds, self._refill_at - now)
        return max(0.0, seconds)

    def _sleep(self, stop: threading.Event, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._woken.wait(min(left, _STOP_POLL_S)):
                return


def _ends_round(error: KioskError) -> bool:
    """Return whether nothing else is to be sent either.

    The other end said how long to leave it alone, or is not to be trusted.
    """
    return isinstance(error, Untrusted) or (
        isinstance(error, Unreachable) and error.retry_after_s is not None
    )
