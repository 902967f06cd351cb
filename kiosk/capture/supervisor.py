"""Keeps one device at work: opens it when it is wanted, notices its loss, opens it again when it is back.

While nobody wants the device it stays closed and is only looked at, so that the terminal knows before a
visit begins what is missing, at hardly any cost. One that looked well but failed when it was opened or used
is tried at those looks, until it has worked: the next customer shall not be the one who tries. What a
supervisor needs is four verbs (`Operations`): the feeds of this room have them, and so may anything that is
opened and stepped.
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
"""How often a device that nobody wants is looked at, or tried if it had failed in use."""
RETRY_S = (0.25, 0.5, 1.0)
"""Pauses before opening again; the last one stays, so that a device is in use 3 s after its return."""
STOP_S = 0.2
"""How long a pause may go on after `stop` was set."""


class Operations(Protocol):
    """A device as its supervisor sees it; all are called on the supervisor's thread."""

    def probe(self) -> None:
        """Cheap look, while closed, whether `open` could work. Raises DeviceError."""

    def open(self) -> None:
        """Raises DeviceError."""

    def step(self) -> None:
        """A short piece of work (a frame, a poll), at most some seconds. Raises DeviceError."""

    def close(self) -> None:
        """Never raises; may be called twice."""


class Supervisor:
    """`run` is the work of a `kiosk.worker.Worker`; `want` may be called from any thread.

    `give` gets DeviceReady and DeviceFailed, once per change. A device that opens but does not work is not
    ready: that is told after its first step.
    """

    def __init__(
        self,
        device: Device,
        operations: Operations,
        give: Callable[[Event], None],
        *,
        wanted: bool = False,
        probe_s: float = PROBE_S,
        retry_s: tuple[float, ...] = RETRY_S,
    ) -> None:
        self._device = device
        self._operations = operations
        self._give = give
        self._probe_s = probe_s
        self._retry_s = retry_s
        self._wanted = wanted
        self._changed = threading.Condition()
        self._open = False
        self._told: Code | None = None
        self._failures = 0
        self._doubted = False  # it failed in use and has not worked since

    def want(self, wanted: bool) -> None:
        """Open the device and use it, or let go of it."""
        with self._changed:
            self._wanted = wanted
            self._changed.notify_all()

    @property
    def wanted(self) -> bool:
        return self._wanted

    @property
    def ready(self) -> bool:
        """Did the device work when it was last used or looked at."""
        return self._told is Code.OK

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; the device is closed afterwards."""
        try:
            while not stop.is_set():
                wanted = self._wanted
                self._pause(self.turn(wanted), wanted, stop)
        finally:
            self._close()

    def turn(self, wanted: bool) -> float:
        """One piece of work, or one look; how many seconds to pause before the next."""
        try:
            if wanted:
                self._use()
            else:
                self._look()
        except DeviceError as error:
            self._failed(error.code, error.detail)
        except Exception:  # our bug in a driver; the device must still come back
            log.exception("%s: the driver failed", self._device)
            self._failed(Code.INTERNAL, "see the log")
        else:
            self._failures = 0
            self._tell(Code.OK)
            if wanted:
                return 0.0
        return self._delay(wanted)

    def _use(self) -> None:
        self._doubted = True
        if not self._open:
            self._open = True  # also a half-opened device wants to be closed
            self._operations.open()
        self._operations.step()
        self._doubted = False

    def _look(self) -> None:
        self._close()
        self._operations.probe()
        if self._doubted:
            self._use()
            self._close()

    def _failed(self, code: Code, detail: str) -> None:
        self._close()
        self._failures += 1
        if self._told is not code:
            log.warning("%s: %s: %s", self._device, code, detail)
        self._tell(code)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._operations.close()

    def _tell(self, code: Code) -> None:
        if code is self._told:
            return
        self._told = code
        self._give(DeviceReady(self._device) if code is Code.OK else DeviceFailed(self._device, code))

    def _delay(self, wanted: bool) -> float:
        if wanted and self._failures:
            return self._retry_s[min(self._failures, len(self._retry_s)) - 1]
        return self._probe_s

    def _pause(self, seconds: float, wanted: bool, stop: threading.Event) -> None:
        """Until the time is up, `want` changes its mind or `stop` is set."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._wanted == wanted and not stop.is_set() and (left := end - time.monotonic()) > 0:
                self._changed.wait(min(left, STOP_S))
