"""Carries what lies in the outbox to central, once, whatever happens on the way.

A round: a sign of life if one is due → requests that are due → challenges, if few are left. What goes
wrong with the line ends the round; what goes wrong with one request is written to its row, and the round goes
on. A row that may have been sent before is looked up first; only if central never had it, the same bytes
go again under the same key.

    line up ──Unreachable, and no sign of life either──▶ down: a sign of life is tried every `probe_s`;
       ▲                                                  when it comes, what waited is due at once
       └──Untrusted──▶ distrusted: staff are told; all is quiet for `contact_s` … `backoff_max_s`

A request that was promised and is not here any more (`ledger.py`) is asked after with each sign of life.

A central that says "I do not know you" or "you are revoked" has disowned the terminal: no delivery can be
promised any more, until a signed call is answered again.
"""

import logging
import threading
import time
from collections.abc import Callable
from random import random as system_random

from kiosk.activation.backoff import delay
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.outbox import Outbox, Row
from kiosk.codes import Code
from kiosk.errors import CentralError, KioskError, OutboxError, Unacceptable, Unreachable, Untrusted
from kiosk.events import DeviceFailed, DeviceReady, Event, ReceiptArrived, RequestWedged
from kiosk.model import Device, Receipt
from kiosk.ports import Central
from kiosk.settings import CentralSettings

log = logging.getLogger(__name__)

BATCH = 20
"""Requests in one round: then challenges get their turn."""
RECHECK_MAX_S = 3600.0
"""A pending request is asked after at least hourly, whatever central planned."""
ASK_AT_MOST = 200
"""Challenges that central gives at one time."""
DISOWNED = frozenset({Code.TERMINAL_REVOKED, Code.TERMINAL_UNKNOWN})
_GLANCE_S = 0.25
"""How soon `run` sees that it is to stop."""


class DeliveryWorker:
    """`run` is the work of one thread; `wake` and `recheck_disk` may be called from any."""

    def __init__(
        self,
        outbox: Outbox,
        pool: ChallengePool,
        central: Central,
        give: Callable[[Event], None],
        settings: CentralSettings,
        clock_unix: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random,
        take_roster: Callable[[str], None] | None = None,
    ) -> None:
        """`clock` paces the courier, `clock_unix` dates the rows.

        `take_roster` gets what central says of the staff, once with each sign of life.
        """
        self._outbox = outbox
        self._pool = pool
        self._central = central
        self._give = give
        self._settings = settings
        self._clock_unix = clock_unix
        self._clock = clock
        self._random = random
        self._take_roster = take_roster
        self._roster_due = False
        self.contact_unix: float | None = None
        """When central last answered."""
        self._woken = threading.Event()
        self._disk_doubted = True
        self._told: dict[Device, Code] = {}
        self._up = False
        self._contact_at = 0.0  # next sign of life, by `clock`
        self._refill_at = 0.0
        self._refill_tries = 0
        self._quiet_until = 0.0
        self._distrusted = 0  # rounds in a row
        self.disowned: Code | None = None
        """Why central does not take this terminal any more."""

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def recheck_disk(self) -> None:
        """Somebody could not write: look into it and tell."""
        self._disk_doubted = True
        self.wake()

    def run(self, stop: threading.Event) -> None:
        """Rounds until `stop` is set."""
        while not stop.is_set():
            self._woken.clear()
            self._rest(stop, self.round(stop.is_set))

    def round(self, stopped: Callable[[], bool] = lambda: False) -> float:
        """One round; returns after how many seconds the next is due, unless woken."""
        now = self._clock()
        if now < self._quiet_until:
            return self._quiet_until - now
        try:
            self._look_after_disk()
            rest = self._work(stopped)
            self._tell_challenges()
        except OutboxError as error:
            return self._disk_failed(error)
        return rest

    # ── one round ────────────────────────────────────────────────────────────────────────────────

    def _work(self, stopped: Callable[[], bool]) -> float:
        try:
            self._greet_if_due()
            self._deliver(stopped)
            self._refill_if_due()
            self._fetch_roster_if_due()
        except Untrusted as error:
            return self._distrust(error)
        except CentralError as error:
            return self._line_lost(error)
        self._distrusted = 0
        self._tell(Device.CENTRAL, Code.OK)
        return self._until_next()

    def _greet_if_due(self) -> None:
        if self._up and self._clock() < self._contact_at:
            return
        self._greet()
        now = self._clock_unix()
        if not self._up:
            self._outbox.make_all_due(now)
            self._up = True
        self._ask_after_lost()

    def _greet(self) -> None:
        """Signed, so it also tells whether central still takes this terminal for its own."""
        self._central.health()
        self._contact_at = self._clock() + self._settings.contact_s
        self.contact_unix = self._clock_unix()
        self._outbox.record_contact(self.contact_unix)
        self._roster_due = True
        if self.disowned is not None:
            self.disowned = None
            self._tell(Device.IDENTITY, Code.OK)

    def _ask_after_lost(self) -> None:
        """Central may have had it before it was lost here; then its word is what became of it."""
        for id in self._outbox.lost_ids()[:BATCH]:
            try:
                known = self._central.look_up(id)
            except Untrusted:
                raise
            except CentralError as error:
                log.warning("%s: %s", id, error)
                return
            if known is not None:
                self._settle(id, known)

    def _deliver(self, stopped: Callable[[], bool]) -> None:
        settled = False
        for _ in range(BATCH):
            row = self._outbox.next_due(self._clock_unix())
            if row is None or stopped():
                break
            settled |= self._see_to(row)
        if settled:
            self._outbox.scrub()

    def _see_to(self, row: Row) -> bool:
        """One request, once. True if central gave its word."""
        if not row.intact:
            self._wedge(row, Code.OUTBOX_DAMAGED)
            return False
        now = self._clock_unix()
        self._outbox.begin_attempt(row.id, now, now + self._backoff(row.tries + 1))
        try:
            receipt = self._ask(row)
        except Unacceptable as error:
            self._wedge(row, error.code)
            return False
        except CentralError as error:
            self._failed(row, error)
            return False
        self._settle(row.id, receipt)
        return True

    def _ask(self, row: Row) -> Receipt:
        """Central's word. An unknown outcome is settled by asking, before anything is sent again."""
        if row.sent or row.body is None:
            known = self._central.look_up(row.id)
            if known is not None:
                return known
        if row.body is None:
            raise Unacceptable(Code.REQUEST_UNKNOWN, "central had it once, and now it does not")
        return self._central.activate(row.id, row.body)

    def _settle(self, id: str, receipt: Receipt) -> None:
        now = self._clock_unix()
        if self._outbox.settle(id, receipt, now, now + self._recheck_in(receipt)):
            log.info("%s: %s (%s)", id, receipt.status.value, receipt.code.value)
            self._give(ReceiptArrived(receipt))

    def settle(self, receipt: Receipt) -> bool:
        """An answer that came another way than over the line; was it news? From any thread."""
        now = self._clock_unix()
        news = self._outbox.settle(receipt.id, receipt, now, now + self._recheck_in(receipt))
        if news:
            self._outbox.scrub()
            self._give(ReceiptArrived(receipt))
        return news

    def _wedge(self, row: Row, code: Code) -> None:
        log.error("%s is set aside: %s", row.id, code.value)
        self._outbox.wedge(row.id, code, self._clock_unix())
        self._give(RequestWedged(row.id, code))

    def _failed(self, row: Row, error: CentralError) -> None:
        """Is it this request, or the line? A sign of life tells; raises if there is none."""
        log.warning("%s: %s", row.id, error)
        self._outbox.record_failure(row.id, error.code)
        if isinstance(error, Untrusted):
            raise error
        if error.code is not Code.REQUEST_IN_FLIGHT:
            self._greet()

    def _refill_if_due(self) -> None:
        now = self._clock()
        left = self._pool.count(self._clock_unix())
        if left >= self._settings.pool_refill or now < self._refill_at:
            return
        missing = self._settings.pool_target - left
        try:
            came = self._pool.add(self._central.challenges(min(missing, ASK_AT_MOST)), self._clock_unix())
        except (Unreachable, Unacceptable) as error:
            log.warning("no challenges: %s", error)
            came = 0
            self._greet()
        self._refill_tries = 0 if came else self._refill_tries + 1
        self._refill_at = now if came else now + self._backoff(self._refill_tries)

    def _fetch_roster_if_due(self) -> None:
        """A roster that does not come, or is no good, stops nothing: the one on the disk has its own end."""
        if self._take_roster is None or not self._roster_due:
            return
        self._roster_due = False
        try:
            self._take_roster(self._central.roster())
        except Untrusted:
            raise
        except KioskError as error:
            log.warning("no roster: %s", error)

    # ── what the round came to ───────────────────────────────────────────────────────────────────

    def _line_lost(self, error: CentralError) -> float:
        self._up = False
        self._tell(Device.CENTRAL, error.code)
        return self._probe_in()

    def _distrust(self, error: Untrusted) -> float:
        """Whoever is at the other end: keep quiet, and come back slowly."""
        self._up = False
        self._distrusted += 1
        self._tell(Device.CENTRAL, error.code)
        if error.code in DISOWNED:
            self.disowned = error.code
            self._tell(Device.IDENTITY, error.code)
        s = self._settings
        longest = max(s.backoff_max_s, s.contact_s)
        quiet = delay(self._distrusted, s.contact_s, longest, s.backoff_jitter, self._random)
        self._quiet_until = self._clock() + quiet
        return quiet

    def _look_after_disk(self) -> None:
        if self._disk_doubted:
            self._outbox.probe(self._clock_unix())
            self._disk_doubted = False
            self._tell(Device.OUTBOX, Code.OK)

    def _disk_failed(self, error: OutboxError) -> float:
        self._disk_doubted = True
        self._tell(Device.OUTBOX, error.code)
        return self._probe_in()

    def _tell_challenges(self) -> None:
        some = self._pool.count(self._clock_unix()) > 0
        self._tell(Device.CHALLENGES, Code.OK if some else Code.CHALLENGE_NONE)

    def _tell(self, device: Device, code: Code) -> None:
        """Only news."""
        if self._told.get(device) is code:
            return
        self._told[device] = code
        if code is Code.OK:
            log.info("%s is ready", device.value)
            self._give(DeviceReady(device))
        else:
            log.warning("%s is not ready: %s", device.value, code.value)
            self._give(DeviceFailed(device, code))

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def _backoff(self, tries: int) -> float:
        s = self._settings
        return delay(tries, s.backoff_first_s, s.backoff_max_s, s.backoff_jitter, self._random)

    def _probe_in(self) -> float:
        s = self._settings
        return delay(1, s.probe_s, s.probe_s, s.backoff_jitter, self._random)

    def _recheck_in(self, receipt: Receipt) -> float:
        """By central's own two times, so that the clocks need not agree."""
        first = self._settings.backoff_first_s
        planned = (receipt.recheck_unix or 0.0) - receipt.at_unix
        return min(max(planned, first), RECHECK_MAX_S)

    def _until_next(self) -> float:
        now = self._clock()
        rest = self._contact_at - now
        due = self._outbox.due_in(self._clock_unix())
        if due is not None:
            rest = min(rest, due)
        if self._refill_tries:
            rest = min(rest, self._refill_at - now)
        return max(0.0, rest)

    def _rest(self, stop: threading.Event, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._woken.wait(min(left, _GLANCE_S)):
                return
