"""Tell the terminal the time, and whether that time can be believed; the wall clock never is alone.

A wall clock may be wrong from the start (an empty battery, a time that was saved before the power went) and
may be set at any moment. So the terminal's time is the wall clock as it stood when it was last believed, plus
what CLOCK_BOOTTIME has counted since: a clock that is set changes nothing during a visit. Between visits
`check` takes a clock that was set over, and judges it:

- Times that are known to be past are a floor: the release of this program, what central said its time was,
  when it issued a challenge, the newest audit record (every visit leaves some), and the time that this
  terminal saw last, which is kept on disk.
- Since central was heard, its time is reckoned by CLOCK_BOOTTIME, and must agree.

Central's time comes over TLS from the holder of a certificate that chains to the pinned authority; nobody
else can forge it. The answer to a signed call sets right what this terminal remembers; an answer that
needed no signature (`/v1/health`) only shows that the clocks differ.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from math import isfinite
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.errors import UNREADABLE
from kiosk.files import write_whole
from kiosk.release import RELEASED

log = logging.getLogger(__name__)

CLOCK_FILE = "clock.json"
MAX_OFF_S = 45.0
"""Less than central's `clock_slack_s` (60): beyond that central refuses our signatures, and the terminal must
say before that its clock is wrong."""
JUMP_S = 5.0
"""A wall clock that differs by more from what it should be was set; by less, it is being kept right."""
DRIFT = 1e-4
"""Seconds in a second by which CLOCK_BOOTTIME may be wrong."""
KEEP_S = 60.0
"""How often the time that was seen last goes to disk."""


class ClockMemory(Struct, frozen=True, kw_only=True):
    """What is known of the time, as it is kept on disk.

    `seen_unix`: the terminal's time when it was last believed; `central_unix`: central's latest. Records of
    the terminal's own between `central_unix` and `ahead_unix` were made by a clock that was ahead.
    """

    seen_unix: float = 0.0
    central_unix: float = 0.0
    ahead_unix: float = 0.0


class Moment(Struct, frozen=True):
    """A time by a clock that nobody can set: the seconds since a start of the machine, and which start."""

    boot: str
    seconds: float


def boot_name() -> str:
    """Return the kernel's name of this start of the machine; where it gives none, one of this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return secrets.token_hex(16)


def boot_time() -> float:
    """Return the seconds since the machine was started, those asleep included; nobody can set them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def clock_code(
    now_unix: float, floor_unix: float, off_s: float | None = None, may_drift_s: float = 0.0
) -> Code:
    """Return OK or CLOCK_OFF.

    `floor_unix`: a time that is past; `off_s`: central's clock minus ours, None if central was not heard.
    """
    if now_unix < floor_unix - MAX_OFF_S:
        return Code.CLOCK_OFF
    if off_s is not None and abs(off_s) > MAX_OFF_S + may_drift_s:
        return Code.CLOCK_OFF
    return Code.OK


class TerminalClock:
    """The terminal's time. Safe to use from several threads."""

    def __init__(
        self,
        file: Path | None = None,
        *,
        newest_record: Callable[[], float] = lambda: 0.0,
        read_only: bool = False,
        wall: Callable[[], float] = time.time,
        boot: Callable[[], float] = boot_time,
    ) -> None:
        """`file`: where the memory is kept; None: nowhere; `read_only`: another process keeps it.

        `newest_record` returns when the audit log was last written.
        """
        self._file = None if read_only else file
        self._wall = wall
        self._boot = boot
        self._boot_name = boot_name()
        self._lock = threading.Lock()
        self._anchor = wall() - boot()
        self._central: float | None = None  # central's time minus CLOCK_BOOTTIME
        self._central_at = 0.0  # by CLOCK_BOOTTIME
        self._confirmed = False  # central accepted a call that this terminal signed
        self._memory = _read(file)
        self._kept_unix = self._memory.seen_unix
        newest = newest_record()
        if not self._memory.central_unix < newest <= self._memory.ahead_unix:
            self._see(newest)

    def unix(self) -> float:
        """Return the time in seconds since 1970. Between two checks it only ever passes."""
        return self._anchor + self._boot()

    @property
    def off_s(self) -> float | None:
        """Central's clock minus the terminal's; None if central was not heard since the start."""
        return None if self._central is None else self._central - self._anchor

    def code(self) -> Code:
        """Return OK, or CLOCK_OFF also if the wall clock has just been set."""
        with self._lock:
            return Code.CLOCK_OFF if self._was_set() else self._judge()

    def check(self, *, serving: bool = False) -> Code:
        """Judge the time and keep it; take a wall clock that was set over, unless a customer is served.

        A clock that has just been set is doubted until the next check.
        """
        with self._lock:
            was_set = self._was_set()
            if not serving:
                if was_set:
                    log.warning("the clock was set by %+.0f s", self._wall() - self.unix())
                self._anchor = self._wall() - self._boot()
            code = Code.CLOCK_OFF if was_set else self._judge()
            if code is Code.OK:
                self._see(self.unix())
                self._keep(within_s=KEEP_S)
            return code

    def note_central(self, at_unix: float, boot_at: float, *, signed: bool) -> None:
        """Take note that central's clock showed `at_unix` when CLOCK_BOOTTIME was `boot_at`.

        `signed`: central answered a signed call, so what this terminal remembers is set right by it.
        """
        if not isfinite(at_unix):
            return
        with self._lock:
            self._central, self._central_at = at_unix - boot_at, boot_at
            if not signed:
                return
            self._confirmed = True
            ahead = max(self._memory.ahead_unix, self._memory.seen_unix, self.unix())
            if ahead <= at_unix + MAX_OFF_S:
                ahead = 0.0
            self._memory = ClockMemory(seen_unix=at_unix, central_unix=at_unix, ahead_unix=ahead)
            self._keep(within_s=KEEP_S)

    def note_issued(self, at_unix: float) -> None:
        """Take note that central signed something at `at_unix`, so that this time is past."""
        with self._lock:
            if isfinite(at_unix) and at_unix > self._memory.central_unix:
                self._memory = replace(self._memory, central_unix=at_unix)
                self._keep(within_s=KEEP_S)

    def boot(self) -> float:
        """Return CLOCK_BOOTTIME, for `note_central`."""
        return self._boot()

    def moment(self) -> Moment:
        """Return the present by a clock that nobody can set."""
        return Moment(self._boot_name, self._boot())

    def off_then(self, then: Moment, said_unix: float) -> float | None:
        """Return central's clock minus the terminal's at `then`, when the terminal's showed `said_unix`.

        None if central was not heard since this start of the machine, or `then` was before it.
        """
        if self._central is None or then.boot != self._boot_name:
            return None
        return self._central + then.seconds - said_unix

    def keep(self) -> None:
        """Put on disk what is known, now: the terminal is switched off."""
        with self._lock:
            if not self._was_set() and self._judge() is Code.OK:
                self._see(self.unix())
            self._keep(within_s=0.0)

    # ── with the lock held ───────────────────────────────────────────────────────────────────────

    def _was_set(self) -> bool:
        return abs(self._wall() - self.unix()) > JUMP_S

    def _judge(self) -> Code:
        known = [RELEASED.timestamp(), self._memory.central_unix]
        if not self._confirmed:
            known.append(self._memory.seen_unix)
        drift = DRIFT * (self._boot() - self._central_at)
        return clock_code(self.unix(), max(known), self.off_s, drift)

    def _see(self, at_unix: float) -> None:
        if at_unix > self._memory.seen_unix:
            self._memory = replace(self._memory, seen_unix=at_unix)

    def _keep(self, *, within_s: float) -> None:
        newest = max(self._memory.seen_unix, self._memory.central_unix)
        if self._file is None or abs(newest - self._kept_unix) < within_s:
            return
        try:
            write_whole(self._file, msgspec.json.encode(self._memory))
        except OSError as error:  # a disk that fails has a code of its own
            log.warning("%s: %s", self._file.name, error.strerror)
            return
        self._kept_unix = newest


def _read(file: Path | None) -> ClockMemory:
    """Return what is kept; nothing if it cannot be read: the audit log knows the time, too."""
    try:
        return ClockMemory() if file is None else msgspec.json.decode(file.read_bytes(), type=ClockMemory)
    except FileNotFoundError:
        return ClockMemory()
    except (OSError, *UNREADABLE) as error:
        log.warning("%s: %s", CLOCK_FILE, type(error).__name__)
        return ClockMemory()
