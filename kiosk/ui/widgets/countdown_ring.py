"""Time left on a screen, as a ring that empties and a number of seconds."""

import math
import time

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import TOUCH_PX, Theme, colour

HURRY_S = 10
"""From here on the ring is red."""


class CountdownRing(QWidget):
    """Shows nothing without a deadline. The window calls `tick` once a second while there is one."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = Theme()
        self._until: float | None = None
        self._total_s = 1.0
        self._shown = -1
        self._accessible_texts = ("", "")

    def set_accessible_texts(self, name: str, seconds: str) -> None:
        """Set the words for screen readers: what the number is, and its unit."""
        self._accessible_texts = (name, seconds)

    def start(self, until: float | None) -> None:
        """Count down to `until`, in seconds of the capture clock; None: there is no deadline."""
        self._until = until
        self._total_s = max(1.0, until - time.monotonic()) if until is not None else 1.0
        self.tick()

    @property
    def left_s(self) -> int | None:
        """Whole seconds left; None: there is no deadline."""
        return None if self._until is None else max(0, math.ceil(self._until - time.monotonic()))

    def tick(self) -> None:
        """Paint again if the number of seconds has changed."""
        left = self.left_s
        if left != self._shown:
            self._shown = -1 if left is None else left
            name, seconds = self._accessible_texts
            self.setAccessibleName("" if left is None else f"{name} {left} {seconds}")
            self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        side = max(TOUCH_PX, theme.px(120))
        self.setFixedSize(side, side)

    def paintEvent(self, _: object) -> None:
        left = self.left_s
        if left is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = self.width() * 0.09
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.setPen(QPen(colour("track"), edge))
        painter.drawEllipse(box)
        ink = colour("stop" if left <= HURRY_S else "primary")
        share = min(1.0, left / self._total_s)
        painter.setPen(QPen(ink, edge, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(box, 90 * 16, round(share * 360 * 16))
        painter.setPen(ink)
        painter.setFont(self._theme.font_px(round(self.width() * 0.36), True))
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, str(left))
        painter.end()
