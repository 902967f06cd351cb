"""What was typed, one box a character: a number in groups, or a password as dots."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Theme, colour


class Entry(QWidget):
    """`groups`: how many characters stand together, e.g. (3, 4, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Theme()
        self._groups: tuple[int, ...] = (1,)
        self._secret = False
        self.text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def ask(self, name: str, groups: tuple[int, ...], *, secret: bool) -> None:
        """Begin an empty entry; `name` for screen readers."""
        self.setAccessibleName(name)
        self._groups, self._secret, self.text = groups, secret, ""
        self.update()

    def add(self, character: str) -> None:
        """One more; beyond the last box nothing happens."""
        if len(self.text) < sum(self._groups):
            self.text += character
            self.update()

    def delete(self) -> None:
        self.text = self.text[:-1]
        self.update()

    def clear(self) -> None:
        self.text = ""
        self.update()

    def fit(self, look: Theme) -> None:
        self._look = look
        self.setMinimumHeight(max(48, look.px(110)))
        self.setMaximumHeight(max(60, look.px(160)))

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index, box in enumerate(self._boxes()):
            self._paint_box(painter, index, box)
        painter.end()

    def _boxes(self) -> list[QRectF]:
        """All boxes, groups apart by half a box, centred."""
        count, gaps = sum(self._groups), len(self._groups) - 1
        side = min(self.width() / (count * 1.12 + gaps * 0.45), self.height() / 1.25)
        step, gap = side * 1.12, side * 0.45
        left = (self.width() - count * step - gaps * gap) / 2
        top = (self.height() - side * 1.25) / 2
        boxes = []
        for group in self._groups:
            boxes += [QRectF(left + i * step, top, side, side * 1.25) for i in range(group)]
            left += group * step + gap
        return boxes

    def _paint_box(self, painter: QPainter, index: int, box: QRectF) -> None:
        here = index == len(self.text)
        painter.setPen(QPen(colour("primary" if here else "line"), 4.0 if here else 2.0))
        painter.setBrush(colour("surface"))
        painter.drawRoundedRect(box, box.width() * 0.15, box.width() * 0.15)
        if index >= len(self.text):
            return
        if self._secret:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("ink"))
            painter.drawEllipse(QPointF(box.center()), box.width() * 0.17, box.width() * 0.17)
            return
        painter.setPen(colour("ink"))
        painter.setFont(self._look.font_px(round(box.width() * 0.95), True))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text[index])
