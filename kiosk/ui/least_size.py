"""Least size of a display: on a smaller one buttons would be too small to touch and type too small to read.

At 1280×720 on 15.6 inches (0.27 mm a pixel) a button is 20 mm high, and the capitals of the smallest type for
customers 4.7 mm: 0.7 degrees at 40 cm (EN 301 549, 5.1.4). docs/devices.md lists the displays.
"""

from PySide6.QtCore import QSize

from kiosk.codes import Code
from kiosk.errors import DeviceMissing

LONG_PX, SHORT_PX = 1280, 720


def require_size(size: QSize) -> None:
    """Raise DeviceMissing if a window of this size is too small."""
    long, short = sorted((size.width(), size.height()), reverse=True)
    if long < LONG_PX or short < SHORT_PX:
        found, least = f"{size.width()}×{size.height()}", f"{LONG_PX}×{SHORT_PX} or {SHORT_PX}×{LONG_PX}"
        raise DeviceMissing(Code.DISPLAY_SMALL, f"the window has {found} pixels; at least {least} are needed")
