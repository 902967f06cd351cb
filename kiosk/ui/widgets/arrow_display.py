"""One large arrow that shows how the head should be moved."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from kiosk.model import HeadMove
from kiosk.ui.theme import colour
from kiosk.ui.widgets.digit_display import DigitDisplay

_DEGREES = {HeadMove.RIGHT: 0.0, HeadMove.DOWN: 90.0, HeadMove.LEFT: 180.0, HeadMove.UP: 270.0}
_ARROW = [
    (0.46, 0.0), (0.06, -0.42), (0.06, -0.17), (-0.46, -0.17), (-0.46, 0.17), (0.06, 0.17), (0.06, 0.42),
]  # fmt: skip
"""Corners of an arrow to the right, in a square of side 1 around the origin."""


class ArrowDisplay(DigitDisplay):
    """Emits `painted(step, at)` once an arrow was painted. The screen is a mirror: left is left."""

    def __init__(self) -> None:
        super().__init__()
        self._move = HeadMove.UP

    def show_move(self, step: int, move: HeadMove, text: str) -> None:
        """Paint an arrow and its description at once."""
        self._move = move
        self.show_symbol(step, text)

    def fitting_px(self) -> int:
        """Return the type size of the description."""
        return min(self._theme.size("hero"), round(self.height() * 0.2 * 0.75))

    def paint_symbol(self, painter: QPainter) -> None:
        """Paint the arrow and, below it, its description."""
        room = QRectF(0, self.height() * 0.06, self.width(), self.height() * 0.7)
        text = QRectF(0, self.height() * 0.76, self.width(), self.height() * 0.2)
        side = min(room.width(), room.height())
        painter.save()
        painter.translate(room.center())
        painter.scale(side, side)
        painter.rotate(_DEGREES[self._move])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("primary"))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in _ARROW]))
        painter.restore()
        painter.setFont(self._theme.font_px(self.fitting_px(), True))
        painter.setPen(colour("ink"))
        painter.drawText(text, Qt.AlignmentFlag.AlignCenter, self._text)
