"""Steps of a visit in a line: done, present, still to come."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour

STEPS = ("card", "phone", "face", "digits", "done")


class VisitProgress(QWidget):
    """Shows the step with an index into STEPS; all before it are done."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = Theme()
        self._names: list[str] = [""] * len(STEPS)
        self._step = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def retranslate(self, phrases: Phrases) -> None:
        self._names = [phrases[f"progress.{step}"] for step in STEPS]
        self._refresh()

    def set_step(self, step: int) -> None:
        """Set the present step."""
        self._step = step
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFixedHeight(max(44, theme.px(116)))

    def _refresh(self) -> None:
        self.setAccessibleName(f"{self._step + 1}/{len(STEPS)} {self._names[self._step]}")
        self.update()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self.width() / len(STEPS)
        radius = self.height() * 0.24
        gap = radius * 1.3
        for index, name in enumerate(self._names):
            middle = QPointF(room * (index + 0.5), radius + 3)
            if index:  # the line from the step before
                reached = colour("primary" if index <= self._step else "line")
                painter.setPen(QPen(reached, max(3.0, radius * 0.16)))
                left, right = middle.x() - room + gap, middle.x() - gap
                painter.drawLine(QPointF(left, middle.y()), QPointF(right, middle.y()))
            self._paint_dot(painter, index, middle, radius)
            box = QRectF(room * index, radius * 2 + 4, room, self.height() - radius * 2 - 4)
            size = min(self._theme.size("small"), round(box.height() * 0.72))
            painter.setPen(colour("ink" if index == self._step else "soft"))
            painter.setFont(self._theme.font_px(size, index == self._step))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
        painter.end()

    def _paint_dot(self, painter: QPainter, index: int, middle: QPointF, radius: float) -> None:
        here, past = index == self._step, index < self._step
        painter.setPen(QPen(colour("primary" if here or past else "soft"), max(2.0, radius * 0.12)))
        painter.setBrush(colour("primary" if here or past else "surface"))
        painter.drawEllipse(middle, radius, radius)
        box = QRectF(middle.x() - radius, middle.y() - radius, radius * 2, radius * 2)
        if past:
            paint_icon(painter, Icon.CHECK, box, colour("on_filled"), 0.1)
            return
        painter.setPen(colour("on_filled" if here else "soft"))
        painter.setFont(self._theme.font_px(round(radius * 1.15), True))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index + 1))
