"""Large button that is mostly an icon, with its text and a note below."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import colour
from kiosk.ui.widgets.button import Button


class PictureButton(Button):
    """One of several equal choices."""

    def __init__(self, name: str, picture: Icon) -> None:
        super().__init__(name, "plain", role="title")
        self._picture = picture

    def paint_content(self, painter: QPainter) -> None:
        """Paint the picture over 52 % of the height, the text over 28 %, the note over 20 %."""
        pad = self._theme.px(20)
        box = QRectF(self.rect()).adjusted(pad, pad, -pad, -pad)
        left, width, height = box.left(), box.width(), box.height()
        picture = QRectF(left, box.top(), width, height * 0.52)
        text = QRectF(left, picture.bottom(), width, height * 0.28)
        note = QRectF(left, text.bottom(), width, height * 0.2)
        paint_icon(painter, self._picture, picture, colour("primary"), 0.055)
        painter.setPen(colour("ink"))
        self.paint_line(painter, self.text(), text, "title", True)
        self.paint_line(painter, self._note, note, "body", False)
