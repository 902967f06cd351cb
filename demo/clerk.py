"""A simulated clerk at the real window: holds the corner, signs in, opens every page, signs out."""

import time
from collections.abc import Callable
from typing import Any

from demo.pipe_messages import StaffVisit, StaffVisitEnded

PAGES = ("today", "queue", "devices", "terminal", "report")
HOLD_S = 2.3
LOOK_S = 1.2
"""How long a page is looked at; long enough for its picture."""
TIMEOUT_S = 120.0


def visit(touch: Any, staff: StaffVisit) -> StaffVisitEnded:
    """Return the pages that could be opened. `touch` is a `kiosk.ui.touch_driver.TouchDriver`."""

    def opens_panel() -> bool:
        """Hold the corner, again where the window still rested: it has just been shown."""
        touch.hold("staff_corner", HOLD_S)
        time.sleep(HOLD_S + LOOK_S)
        return bool(touch.type(staff.number[0]))

    if not _succeeds(opens_panel):
        return StaffVisitEnded(())
    time.sleep(LOOK_S)
    touch.type(staff.number[1:])
    touch.press("key_next")
    touch.type(staff.pin)
    touch.press("key_next")
    seen = []
    for page in PAGES:
        if _succeeds(lambda page=page: touch.press(f"staff_{page}")):  # type: ignore[misc]
            seen.append(page)
        time.sleep(LOOK_S)
    touch.press("staff_sign_out")
    return StaffVisitEnded(tuple(seen))


def _succeeds(act: Callable[[], Any]) -> bool:
    """Try until `act` returns true; False after `TIMEOUT_S`."""
    until = time.monotonic() + TIMEOUT_S
    while not act():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
