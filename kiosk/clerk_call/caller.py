"""Calls the clerk for the engine, on a thread of its own, and tells what became of it."""

import logging
import queue
import threading
import time
from collections.abc import Callable

from kiosk.codes import Code
from kiosk.errors import DeviceError
from kiosk.events import ClerkCallChanged, DeviceFailed, DeviceReady, Event
from kiosk.model import ClerkCallFacts, ClerkCallState, Device
from kiosk.ports import ClerkCall

log = logging.getLogger(__name__)

CALL_AGAIN_S = 20.0
"""Touches within this time after a chime sound no other: no customer is to fill a shop with chimes."""
LONGEST_CALL_S = 300.0
"""A call that nobody ended ends by itself: a lamp that always shines calls nobody."""


class ClerkCaller:
    """`run` is the work of the thread "clerk_call"; `ring` and `end` return at once, from any thread."""

    def __init__(
        self,
        driver: ClerkCall,
        *,
        terminal: str,
        place: str,
        second_screen: bool,
        chime: Callable[[], None],
        staffed: Callable[[], bool],
        post: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
        clock_unix: Callable[[], float] = time.time,
    ) -> None:
        """`second_screen`: staff have a screen of their own, which shows every call. `staffed`: a clerk is
        signed in.
        """
        self._driver = driver
        self._terminal, self._place = terminal, place
        self._second_screen = second_screen
        self._chime = chime
        self._staffed = staffed
        self._post = post
        self._clock, self._clock_unix = clock, clock_unix
        self._lock = threading.Lock()
        self._state = ClerkCallState.WAVE
        self._rung_at = float("-inf")
        self._wanted = False
        self._work: queue.SimpleQueue[bool] = queue.SimpleQueue()  # True: call; False: end the call
        self._calling_since: float | None = None

    def ring(self) -> ClerkCallChanged:
        """Call the clerk, unless they were called a moment ago; return what is known of the call now."""
        with self._lock:
            now = self._clock()
            again = now - self._rung_at >= CALL_AGAIN_S
            if again:
                self._rung_at = now
                self._chime()
            if again or not self._wanted:
                self._wanted = True
                self._state = self._begun()
                if self._driver.reaches:
                    self._work.put(True)
            return ClerkCallChanged(self._state, self._staffed())

    def end(self) -> None:
        """End the call: the clerk need not come any more."""
        with self._lock:
            self._wanted = False
        if self._driver.reaches:
            self._work.put(False)

    def run(self, stop: threading.Event) -> None:
        """Carry out calls until `stop` is set."""
        while not stop.is_set():
            try:
                wanted = self._work.get(timeout=0.1)
            except queue.Empty:
                since = self._calling_since
                if since is not None and self._clock() - since > LONGEST_CALL_S:
                    self._end_call()
                continue
            if wanted:
                self._call()
            else:
                self._end_call()
        if self._calling_since is not None:
            self._end_call()

    def _begun(self) -> ClerkCallState:
        if self._second_screen:
            return ClerkCallState.CALLED
        return ClerkCallState.CALLING if self._driver.reaches else ClerkCallState.WAVE

    def _call(self) -> None:
        facts = ClerkCallFacts(terminal=self._terminal, place=self._place, at_unix=self._clock_unix())
        self._calling_since = self._clock()
        code = self._try(lambda: self._driver.call(facts))
        with self._lock:
            if not self._second_screen:
                self._state = ClerkCallState.CALLED if code is Code.OK else ClerkCallState.FAILED
            state = self._state
        device = Device.CLERK_CALL
        self._post(DeviceReady(device) if code is Code.OK else DeviceFailed(device, code))
        self._post(ClerkCallChanged(state, self._staffed()))

    def _end_call(self) -> None:
        self._calling_since = None
        self._try(self._driver.end)

    def _try(self, act: Callable[[], None]) -> Code:
        """Return the code of a driver's failure; none of them may end this thread, which helps others."""
        try:
            act()
        except DeviceError as error:
            log.warning("the clerk cannot be called: %s", error)
            return error.code
        except Exception:
            log.exception("the driver that calls the clerk failed")
            return Code.CLERK_CALL_FAILED
        return Code.OK
