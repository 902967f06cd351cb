"""Row of marks, one for each digit or movement: still to come, present, done. Never whether it was right."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour


class StepMarks(QWidget):
    """Shows `count` marks: the present one has index `here`, those in `done` are ticked off."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.here = -1
        self.done: set[int] = set()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def clear(self) -> None:
        """Show no marks."""
        self.count, self.here, self.done = 0, -1, set()
        self._refresh()

    def set_current(self, index: int, count: int) -> None:
        """Make the mark `index` of `count` the present one."""
        self.here, self.count = index, count
        self._refresh()

    def mark_done(self, index: int) -> None:
        """Tick off the mark `index`."""
        self.done.add(index)
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        self.setFixedHeight(max(36, theme.px(84)))

    def _refresh(self) -> None:
        self.setAccessibleName(f"{len(self.done)}/{self.count}" if self.count else "")
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
        done, here = index in self.done, index == self.here
        painter.setPen(QPen(colour("primary" if done or here else "soft"), 5 if here else 2))
        painter.setBrush(colour("primary" if done else "surface"))
        painter.drawEllipse(middle, radius - 3, radius - 3)
        if done:
            box = QRectF(middle.x() - radius, middle.y() - radius, radius * 2, radius * 2)
            paint_icon(painter, Icon.CHECK, box, colour("on_filled"), 0.1)
        elif here:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("primary"))
            painter.drawEllipse(middle, radius * 0.3, radius * 0.3)
