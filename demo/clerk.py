"""A simulated clerk at the real window: holds the corner, signs in, turns every page, signs out."""

import time
from typing import Any

from demo.pipe_messages import StaffVisit, StaffVisitEnded

PAGES = ("today", "queue", "devices", "terminal", "report")
HOLD_S = 2.3
LOOK_S = 1.2
"""So long a page is looked at; long enough for its picture."""
PATIENCE_S = 20.0


def visit(hand: Any, who: StaffVisit) -> StaffVisitEnded:
    """Pages that were seen. `hand`: `kiosk.ui.touch_driver.TouchDriver`."""
    hand.hold("staff_corner", HOLD_S)
    if not _until(lambda: hand.type(who.number[0])):
        return StaffVisitEnded(())
    time.sleep(LOOK_S)
    hand.type(who.number[1:])
    hand.press("key_next")
    hand.type(who.pin)
    hand.press("key_next")
    seen = tuple(page for page in PAGES if _look(hand, page))
    hand.press("staff_sign_out")
    return StaffVisitEnded(seen)


def _look(hand: Any, page: str) -> bool:
    turned = _until(lambda: hand.press(f"staff_{page}"))
    time.sleep(LOOK_S)
    return turned


def _until(done: Any) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
