"""Large button that is mostly an icon, with its text and a note below."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import colour
from kiosk.ui.widgets.button import Button

ONE_LINE = 0.75
"""Share of its size that a note may lose to stay on one line."""
LOW = 2.0
"""A button wider than so many times its height is low."""


class PictureButton(Button):
    """One of several equal choices."""

    def __init__(self, name: str, picture: Icon) -> None:
        super().__init__(name, "plain", role="title")
        self._picture = picture

    def paint_content(self, painter: QPainter) -> None:
        """Paint the picture above the text, or left of it on a low button: the text keeps its size."""
        picture, words = self._boxes()
        half = words.height() / 2
        paint_icon(painter, self._picture, picture, colour("primary"), 0.055)
        painter.setPen(colour("ink"))
        self.paint_line(painter, self.text(), words.adjusted(0, 0, 0, -half), "title", True)
        self._paint_note(painter, words.adjusted(0, half, 0, 0))

    def fitting_px(self) -> int:
        words = self._boxes()[1]
        return self.line_size(self.text(), words.adjusted(0, 0, 0, -words.height() / 2), "title", True)

    def _boxes(self) -> tuple[QRectF, QRectF]:
        """Return where the picture and the words are."""
        pad = self._theme.px(20)
        box = QRectF(self.rect()).adjusted(pad, pad, -pad, -pad)
        low = box.width() > LOW * box.height()
        side = min(box.height(), box.width() * 0.22) if low else box.height() * 0.52
        picture = QRectF(box.left(), box.top(), side if low else box.width(), box.height() if low else side)
        return picture, box.adjusted(side + pad, 0, 0, 0) if low else box.adjusted(0, side, 0, 0)

    def _paint_note(self, painter: QPainter, box: QRectF) -> None:
        """Paint the note in as many lines as it needs to stay large."""
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        full = size = self._theme.size("body")
        one_line = self.line_size(self._note, box, "body", False)
        if one_line >= ONE_LINE * full:  # no character stands alone on a second line
            size = one_line
        while size > 10:
            painter.setFont(self._theme.font_px(size))
            needed = painter.boundingRect(box, flags, self._note)
            if needed.height() <= box.height() + size * 0.4 and needed.width() <= box.width():
                break
            size -= 1
        painter.drawText(box, flags, self._note)
