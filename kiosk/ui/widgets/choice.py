"""A large button that is mostly a picture, with its words and a note below."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import colour
from kiosk.ui.widgets.buttons import Button


class Choice(Button):
    """One of several equal ways."""

    def __init__(self, name: str, icon: Icon) -> None:
        super().__init__(name, "plain", role="title")
        self._picture = icon

    def _paint_words(self, painter: QPainter) -> None:
        pad = self._look.px(20)
        box = QRectF(self.rect()).adjusted(pad, pad, -pad, -pad)
        upper, middle, lower = _shares(box, (0.52, 0.28, 0.2))
        paint_icon(painter, self._picture, upper, colour("primary"), 0.055)
        painter.setPen(colour("ink"))
        self._paint_line(painter, self.text(), middle, "title", True)
        self._paint_line(painter, self._note, lower, "body", False)


def _shares(box: QRectF, shares: tuple[float, float, float]) -> list[QRectF]:
    """`box` cut across, from the top."""
    parts, top = [], box.top()
    for share in shares:
        parts.append(QRectF(box.left(), top, box.width(), box.height() * share))
        top += box.height() * share
    return parts
