"""Input of digits, one box each: a number in groups, or a password as dots."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Theme, colour

EDGE = 4.0
"""Width of the thickest line around a box, in pixels: half of it lies outside."""


class DigitInput(QWidget):
    """Shows the digits typed on a keypad; `text` holds them until `start` or `clear`."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = Theme()
        self._groups: tuple[int, ...] = (1,)
        self._secret = False
        self.text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def start(self, name: str, groups: tuple[int, ...], *, secret: bool) -> None:
        """Start an empty input. `name`: for screen readers; `groups`: digits in each, e.g. (3, 4, 4)."""
        self.setAccessibleName(name)
        self._groups, self._secret, self.text = groups, secret, ""
        self.update()

    def add(self, character: str) -> None:
        """Add a digit, unless all boxes are filled."""
        if len(self.text) < sum(self._groups):
            self.text += character
            self.update()

    def delete(self) -> None:
        """Delete the last digit, if there is one."""
        self.text = self.text[:-1]
        self.update()

    def clear(self) -> None:
        """Drop what was typed."""
        self.text = ""
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setMinimumHeight(max(48, theme.px(84)))
        self.setMaximumHeight(max(60, theme.px(160)))

    def paintEvent(self, _: object) -> None:
        """Paint all boxes, centred, with less than half a box between two groups."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        count, gaps = sum(self._groups), len(self._groups) - 1
        side = min(self.width() / (count * 1.12 + gaps * 0.45), (self.height() - 2 * EDGE) / 1.25)
        step, gap = side * 1.12, side * 0.45
        left = (self.width() - count * step - gaps * gap) / 2
        top = (self.height() - side * 1.25) / 2
        index = 0
        for group in self._groups:
            for _ in range(group):
                self._paint_box(painter, index, QRectF(left, top, side, side * 1.25))
                left += step
                index += 1
            left += gap
        painter.end()

    def _paint_box(self, painter: QPainter, index: int, box: QRectF) -> None:
        here = index == len(self.text)
        painter.setPen(QPen(colour("primary" if here else "line"), EDGE if here else EDGE / 2))
        painter.setBrush(colour("surface"))
        painter.drawRoundedRect(box, box.width() * 0.15, box.width() * 0.15)
        if index >= len(self.text):
            return
        if self._secret:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("ink"))
            painter.drawEllipse(box.center(), box.width() * 0.17, box.width() * 0.17)
            return
        painter.setPen(colour("ink"))
        painter.setFont(self._theme.font_px(round(box.width() * 0.95), True))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text[index])
