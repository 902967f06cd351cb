"""The time that is left, as a ring that empties and a number of seconds."""

import math
import time

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import TOUCH_PX, Theme, colour

HURRY_S = 10
"""From here on the ring changes its colour."""


class Ring(QWidget):
    """Shows nothing without a deadline. `tick` is called about once a second by the window."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Theme()
        self._until: float | None = None
        self._whole_s = 1.0
        self._shown = -1
        self._label = ("", "")

    def speak(self, name: str, seconds: str) -> None:
        """The words for screen readers."""
        self._label = (name, seconds)

    def begin(self, until: float | None) -> None:
        """`until`: the stage's deadline on the capture clock (seconds), None: there is none."""
        self._until = until
        self._whole_s = max(1.0, until - time.monotonic()) if until is not None else 1.0
        self.tick()

    @property
    def left_s(self) -> int | None:
        """Whole seconds, or None."""
        return None if self._until is None else max(0, math.ceil(self._until - time.monotonic()))

    def tick(self) -> None:
        left = self.left_s
        if left != self._shown:
            self._shown = -1 if left is None else left
            self.setAccessibleName("" if left is None else f"{self._label[0]} {left} {self._label[1]}")
            self.update()

    def fit(self, look: Theme) -> None:
        self._look = look
        side = max(TOUCH_PX, look.px(120))
        self.setFixedSize(side, side)

    def paintEvent(self, _: object) -> None:
        left = self.left_s
        if left is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = self.width() * 0.09
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.setPen(QPen(colour("line"), edge))
        painter.drawEllipse(box)
        ink = colour("stop" if left <= HURRY_S else "primary")
        share = min(1.0, left / self._whole_s)
        painter.setPen(QPen(ink, edge, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(box, 90 * 16, round(share * 360 * 16))
        painter.setPen(ink)
        painter.setFont(self._look.font_px(round(self.width() * 0.36), True))
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, str(left))
        painter.end()
