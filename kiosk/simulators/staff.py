"""Simulated staff: sign in and decide at the real window when the terminal asks for it."""

import threading
import time
from collections.abc import Callable

from msgspec import Struct

from kiosk import events as e
from kiosk.model import Decision, ReviewReason, Role, Stage
from kiosk.simulators.customer import READ_PAGE_S, RETRY_S, TOUCH_LIMIT_S, TouchDriver


class StaffBehaviour(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Numbers and PINs of a clerk and a supervisor, and what the clerk decides."""

    clerk: str
    pin: str
    supervisor: str = ""
    supervisor_pin: str = ""
    decision: Decision = Decision.APPROVE
    reason: ReviewReason = ReviewReason.SAME_PERSON


class SimulatedStaff:
    """Acts on notices of the terminal, one after the other. `run` is the work of a thread of its own.

    `staff`: who is on duty; None: nobody.
    """

    def __init__(self, touch: TouchDriver, clock: Callable[[], float] = time.monotonic) -> None:
        self.staff: StaffBehaviour | None = None
        self._touch = touch
        self._clock = clock
        self._stage: Stage | None = None
        self._seen: list[e.Notice] = []
        self._came = threading.Event()

    def see(self, notice: e.Notice) -> None:
        """Take note of what is shown, and of what asks for a member of staff."""
        review = isinstance(notice, e.Show) and notice.stage is Stage.REVIEW
        if isinstance(notice, e.Show):
            self._stage = notice.stage
        if isinstance(notice, e.AskSignature | e.ShowCase) or review:
            self._seen.append(notice)
            self._came.set()

    def run(self, stop: threading.Event) -> None:
        """Answer notices until `stop` is set."""
        while not stop.is_set():
            if self._came.wait(RETRY_S):
                self._came.clear()
                while self._seen and not stop.is_set():
                    self._answer(self._seen.pop(0), stop)

    def _answer(self, notice: e.Notice, stop: threading.Event) -> None:
        staff, stage = self.staff, self._stage
        stop.wait(READ_PAGE_S)
        if staff is None:
            return

        def press(name: str) -> None:
            """Repeat the touch until it is taken, the stage is over, or the limit is reached."""
            until = self._clock() + TOUCH_LIMIT_S
            while not self._touch.press(name) and self._stage is stage and self._clock() < until:
                if stop.wait(RETRY_S):
                    return

        def type_digits(digits: str) -> None:
            for digit in digits:
                press(f"key_{digit}")
            press("key_next")

        if isinstance(notice, e.ShowCase):
            press(staff.decision.value)
            stop.wait(READ_PAGE_S)
            press(f"reason_{staff.reason.value}")
        elif not isinstance(notice, e.AskSignature):
            press("i_am_clerk")
        elif notice.role is Role.SUPERVISOR:
            type_digits(staff.supervisor)
            type_digits(staff.supervisor_pin)
        else:
            type_digits(staff.pin)  # the number of the clerk who is signed in is filled in already
