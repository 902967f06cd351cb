"""One mark for each digit: still to come, here, heard. Never whether it was right."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour


class Marks(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.here = -1
        self.heard: set[int] = set()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def begin(self) -> None:
        self.count, self.here, self.heard = 0, -1, set()
        self._tell()

    def show_window(self, window: int, count: int) -> None:
        self.here, self.count = window, count
        self._tell()

    def mark(self, window: int) -> None:
        self.heard.add(window)
        self._tell()

    def fit(self, look: Theme) -> None:
        self.setFixedHeight(max(36, look.px(84)))

    def _tell(self) -> None:
        self.setAccessibleName(f"{len(self.heard)}/{self.count}" if self.count else "")
        self.update()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = self.height() * 0.4
        step = min(radius * 3, self.width() / max(1, self.count))
        left = (self.width() - step * (self.count - 1)) / 2
        for index in range(self.count):
            self._paint_mark(painter, index, QPointF(left + index * step, self.height() / 2), radius)
        painter.end()

    def _paint_mark(self, painter: QPainter, index: int, middle: QPointF, radius: float) -> None:
        heard, here = index in self.heard, index == self.here
        painter.setPen(QPen(colour("primary" if heard or here else "soft"), 5 if here else 2))
        painter.setBrush(colour("primary" if heard else "surface"))
        painter.drawEllipse(middle, radius - 3, radius - 3)
        box = QRectF(middle.x() - radius, middle.y() - radius, radius * 2, radius * 2)
        if heard:
            paint_icon(painter, Icon.CHECK, box, colour("on_filled"), 0.1)
        elif here:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("primary"))
            painter.drawEllipse(middle, radius * 0.3, radius * 0.3)
