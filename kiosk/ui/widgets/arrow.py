"""The one big arrow to be followed with the head."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from kiosk.model import HeadMove
from kiosk.ui.theme import colour
from kiosk.ui.widgets.digit import Digit

_DEGREES = {HeadMove.RIGHT: 0.0, HeadMove.DOWN: 90.0, HeadMove.LEFT: 180.0, HeadMove.UP: 270.0}


class Arrow(Digit):
    """Told as a digit is: `painted(step, at)` once it was seen. The screen is a mirror: left is left."""

    def __init__(self) -> None:
        super().__init__()
        self._move = HeadMove.UP

    def show_move(self, step: int, move: HeadMove, words: str) -> None:
        self._move = move
        self.show_sign(step, words)

    def _paint_digit(self, painter: QPainter) -> None:
        words = QRectF(0, self.height() * 0.76, self.width(), self.height() * 0.2)
        room = QRectF(0, self.height() * 0.06, self.width(), self.height() * 0.7)
        painter.save()
        side = min(room.width(), room.height())
        painter.translate(room.center())
        painter.scale(side, side)
        painter.rotate(_DEGREES[self._move])
        painter.fillPath(_arrow(), colour("primary"))
        painter.restore()
        painter.setFont(self._look.font_px(min(self._look.size("hero"), round(words.height() * 0.75)), True))
        painter.setPen(colour("ink"))
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._text)


def _arrow() -> QPainterPath:
    """To the right, in a square of side 1."""
    path = QPainterPath(QPointF(0.46, 0.0))
    for x, y in ((0.06, -0.42), (0.06, -0.17), (-0.46, -0.17), (-0.46, 0.17), (0.06, 0.17), (0.06, 0.42)):
        path.lineTo(x, y)
    path.closeSubpath()
    return path
