"""Keeps one device working: opens it when it is wanted, notices its loss, opens it again when it is back.

While the device is not wanted it stays closed and is only probed, so that the terminal knows before a visit
begins what is missing, at hardly any cost. One whose probe passed but which failed when it was opened or used
is opened and used at those probes until it has worked: the next customer shall not be the one who tries. A
fault that only shows over time (`SLOW_FAULTS`) is over only when the device has worked for a while, for such
a device gives one good frame each time it is opened. What a supervisor needs is `DeviceOperations`: the feeds
of this package have it.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from kiosk.codes import Code
from kiosk.errors import DeviceError
from kiosk.events import DeviceFailed, DeviceReady, Event
from kiosk.model import Device

log = logging.getLogger(__name__)

PROBE_S = 2.0
"""How often a device that is not wanted is probed, or tried if it had failed in use."""
RETRY_S = (0.25, 0.5, 1.0)
"""Pauses before opening again; the last one stays, so that a device is in use 3 s after its return."""
SLOW_FAULTS = frozenset({Code.CAMERA_FROZEN, Code.CAMERA_COVERED, Code.MICROPHONE_DEAD})
"""Faults of a device that opens and delivers all the same."""
PROVING_S = 10.0
"""How long a device that is not wanted is tried after a slow fault, until the next probe."""
STOP_S = 0.2
"""How long a pause may go on after `stop` was set."""


class DeviceOperations(Protocol):
    """A device as its supervisor sees it; all are called on the supervisor's thread."""

    def probe(self) -> None:
        """Check cheaply, while closed, whether `open` could work. Raises DeviceError."""

    def open(self) -> None:
        """Open the device. Raises DeviceError."""

    def step(self) -> None:
        """Do a short piece of work (a frame, a poll) of at most some seconds. Raises DeviceError."""

    @property
    def proven(self) -> bool:
        """Whether it has worked long enough, since `open`, to be relied on after a slow fault."""

    def close(self) -> None:
        """Close the device. Never raises; may be called twice."""


class Supervisor:
    """Supervision of one device. `run` is the work of a `Worker`; `want` may be called from any thread.

    `post` gets DeviceReady and DeviceFailed, once per change. A device that opens but does not work is not
    ready: readiness is posted after its first step.
    """

    def __init__(
        self,
        device: Device,
        operations: DeviceOperations,
        post: Callable[[Event], None],
        *,
        wanted: bool = False,
        probe_s: float = PROBE_S,
        retry_s: tuple[float, ...] = RETRY_S,
    ) -> None:
        self._device = device
        self._operations = operations
        self._post = post
        self._probe_s = probe_s
        self._retry_s = retry_s
        self._wanted = wanted
        self._changed = threading.Condition()
        self._open = False
        self._posted: Code | None = None  # OK: ready
        self._failures = 0
        self._failed_in_use = False  # and has not worked since
        self._doubted = False  # had a slow fault, and has not worked for a while since

    def want(self, wanted: bool) -> None:
        """Open the device and use it, or let go of it."""
        with self._changed:
            self._wanted = wanted
            self._changed.notify_all()

    @property
    def wanted(self) -> bool:
        """Whether the device is to be open."""
        return self._wanted

    @property
    def ready(self) -> bool:
        """Whether the device worked when it was last used or probed."""
        return self._posted is Code.OK

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; close the device afterwards."""
        try:
            while not stop.is_set():
                wanted = self._wanted
                self._pause(self.run_once(wanted), wanted, stop)
        finally:
            self._close()

    def run_once(self, wanted: bool) -> float:
        """Do one piece of work, or one probe. Return the seconds to pause before the next."""
        try:
            if wanted:
                self._use()
            else:
                self._probe()
        except DeviceError as error:
            self._failed(error.code, error.detail)
        except Exception:  # our bug in a driver; the device must still come back
            log.exception("%s: the driver failed", self._device)
            self._failed(Code.INTERNAL, "see the log")
        else:
            self._failures = 0
            if not self._doubted:
                self._report(Code.OK)
        return self.pause_s(wanted)

    def _use(self) -> None:
        self._failed_in_use = True
        if not self._open:
            self._open = True  # a half-opened device must be closed, too
            self._operations.open()
        self._operations.step()
        self._failed_in_use = False
        self._doubted = self._doubted and not self._operations.proven

    def _probe(self) -> None:
        self._close()
        self._operations.probe()
        if self._failed_in_use or self._doubted:
            self._use()
            until = time.monotonic() + PROVING_S
            while self._doubted and not self._wanted and time.monotonic() < until:
                self._use()
            self._close()

    def _failed(self, code: Code, detail: str) -> None:
        self._close()
        self._failures += 1
        self._doubted = self._doubted or code in SLOW_FAULTS
        if self._posted is not code:
            log.warning("%s: %s: %s", self._device, code, detail)
        self._report(code)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._operations.close()

    def _report(self, code: Code) -> None:
        if code is self._posted:
            return
        self._posted = code
        self._post(DeviceReady(self._device) if code is Code.OK else DeviceFailed(self._device, code))

    def pause_s(self, wanted: bool) -> float:
        """Return the seconds to pause: none in use, more after each failure in a row, else until a probe."""
        if not wanted:
            return self._probe_s
        return self._retry_s[min(self._failures, len(self._retry_s)) - 1] if self._failures else 0.0

    def _pause(self, seconds: float, wanted: bool, stop: threading.Event) -> None:
        """Wait until the time is up, `want` was called with another value, or `stop` is set."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._wanted == wanted and not stop.is_set() and (left := end - time.monotonic()) > 0:
                self._changed.wait(min(left, STOP_S))
