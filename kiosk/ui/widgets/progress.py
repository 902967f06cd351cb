"""The line of steps: where we are, what is behind, what is still to come."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour

STEPS = ("card", "phone", "face", "digits", "done")


class Progress(QWidget):
    """`step` is an index into STEPS; before it all is done."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Theme()
        self._names: list[str] = [""] * len(STEPS)
        self._step = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def speak(self, phrases: Phrases) -> None:
        self._names = [phrases[f"progress.{step}"] for step in STEPS]
        self._tell()

    def go(self, step: int) -> None:
        self._step = step
        self._tell()

    def fit(self, look: Theme) -> None:
        self._look = look
        self.setFixedHeight(max(44, look.px(116)))

    def _tell(self) -> None:
        self.setAccessibleName(f"{self._step + 1}/{len(STEPS)} {self._names[self._step]}")
        self.update()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self.width() / len(STEPS)
        radius = self.height() * 0.24
        for index in range(len(STEPS)):
            middle = QPointF(room * (index + 0.5), radius + 3)
            if index:
                self._paint_link(painter, index, middle, room, radius)
            self._paint_dot(painter, index, middle, radius)
            self._paint_name(
                painter, index, QRectF(room * index, radius * 2 + 4, room, self.height() - radius * 2 - 4)
            )
        painter.end()

    def _paint_link(self, painter: QPainter, index: int, middle: QPointF, room: float, radius: float) -> None:
        painter.setPen(QPen(colour("primary" if index <= self._step else "line"), max(3.0, radius * 0.16)))
        gap = radius * 1.3
        painter.drawLine(QPointF(middle.x() - room + gap, middle.y()), QPointF(middle.x() - gap, middle.y()))

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
        painter.setFont(self._look.font_px(round(radius * 1.15), True))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index + 1))

    def _paint_name(self, painter: QPainter, index: int, box: QRectF) -> None:
        painter.setPen(colour("ink" if index == self._step else "soft"))
        size = min(self._look.size("small"), round(box.height() * 0.72))
        painter.setFont(self._look.font_px(size, index == self._step))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._names[index])
