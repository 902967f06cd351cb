"""Simulated staff: whoever is behind the counter signs and decides at the real window, when it is asked."""

import threading
import time
from collections.abc import Callable

from msgspec import Struct

from kiosk import events as e
from kiosk.model import Decision, ReviewReason, Role, Stage
from kiosk.simulators.customer import TouchDriver

LOOKS_S = 1.0
"""So long somebody looks at a page before touching it; its buttons take no touch for 0.7 s."""
PATIENCE_S = 6.0
"""A button that has not come by then is not coming."""


class Staff(Struct, frozen=True, forbid_unknown_fields=True):
    """Two people with their numbers and PINs, and what the first of them decides."""

    clerk: str
    pin: str
    supervisor: str = ""
    supervisor_pin: str = ""
    decision: Decision = Decision.APPROVE
    reason: ReviewReason = ReviewReason.SAME_PERSON


class Counter:
    """Acts on notices of the terminal, one after the other. `run` is the work of its own thread.

    `staff`: who works there now; None: nobody.
    """

    def __init__(self, hand: TouchDriver, clock: Callable[[], float] = time.monotonic) -> None:
        self.staff: Staff | None = None
        self._hand = hand
        self._clock = clock
        self._seen: list[e.Notice] = []
        self._came = threading.Event()

    def see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.AskSignature | e.ShowCase) or _review(notice):
            self._seen.append(notice)
            self._came.set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if self._came.wait(0.1):
                self._came.clear()
                while self._seen and not stop.is_set():
                    self._answer(self._seen.pop(0), stop)

    def _answer(self, notice: e.Notice, stop: threading.Event) -> None:
        staff = self.staff
        stop.wait(LOOKS_S)
        if staff is None:
            return
        if isinstance(notice, e.ShowCase):
            self._press(staff.decision.value, stop)
            stop.wait(LOOKS_S)
            self._press(f"reason_{staff.reason.value}", stop)
        elif isinstance(notice, e.AskSignature):
            self._sign(staff, notice, stop)
        else:
            self._press("i_am_clerk", stop)

    def _sign(self, staff: Staff, asked: e.AskSignature, stop: threading.Event) -> None:
        if asked.role is Role.SUPERVISOR:
            self._type(staff.supervisor, stop)
            self._type(staff.supervisor_pin, stop)
        else:
            self._type(staff.pin, stop)  # the number of who is signed in stands there already

    def _type(self, digits: str, stop: threading.Event) -> None:
        for digit in digits:
            self._press(f"key_{digit}", stop)
        self._press("key_next", stop)

    def _press(self, name: str, stop: threading.Event) -> None:
        until = self._clock() + PATIENCE_S
        while not self._hand.press(name) and self._clock() < until and not stop.is_set():
            stop.wait(0.1)


def _review(notice: e.Notice) -> bool:
    return isinstance(notice, e.Show) and notice.stage is Stage.REVIEW
