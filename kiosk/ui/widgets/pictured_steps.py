"""What happens in a visit as pictures with a word each, and a light that goes from one to the next."""

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QFont, QFontMetricsF, QHideEvent, QPainter, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour

PICTURES = (Icon.CARD_ON_READER, Icon.FACE_FRONT, Icon.CARD_AND_PHONE)
STEP_MS = 1600
"""Slow enough to read a word, and cheap: one small repaint in this time (benchmarks/idle.py measures it)."""
LEAST_HEIGHT = 110
"""Lower, and the pictures cannot be recognised."""


class PicturedSteps(QWidget):
    """Three discs in a line. It moves only while it can be seen."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = Theme()
        self._names: tuple[str, ...] = ("",) * len(PICTURES)
        self.here = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.timer = QTimer(self, interval=STEP_MS)
        self.timer.timeout.connect(self._go_on)

    def show_names(self, names: tuple[str, ...]) -> None:
        """Set the words below the pictures."""
        self._names = names
        self.setAccessibleName(" → ".join(names))
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFixedHeight(max(LEAST_HEIGHT, theme.px(220)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.here = 0
        self.timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.timer.stop()

    def _go_on(self) -> None:
        if not self.visibleRegion().isEmpty():  # something may lie over it
            self.here = (self.here + 1) % len(PICTURES)
            self.update()

    def _fitting_font(self, name: str, size: int, room: float, *, bold: bool) -> QFont:
        """Return the font in which a word fits below its picture, of `size` or smaller."""
        while size > 10:
            font = self._theme.font_px(size, bold)
            if QFontMetricsF(font).horizontalAdvance(name) <= room:
                break
            size -= 1
        return self._theme.font_px(size, bold)

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room, type_size = self.width() / len(PICTURES), self._theme.size("small")
        radius = min((self.height() - type_size * 1.6) / 2 - 3, room * 0.36)
        middle = radius + 3
        painter.setPen(QPen(colour("track"), max(3.0, radius * 0.05)))
        painter.drawLine(QPointF(room / 2, middle), QPointF(self.width() - room / 2, middle))
        for index, (icon, name) in enumerate(zip(PICTURES, self._names, strict=True)):
            here = index == self.here
            at = QPointF(room * (index + 0.5), middle)
            painter.setPen(QPen(colour("primary"), max(2.0, radius * 0.04)))
            painter.setBrush(colour("primary" if here else "surface"))
            painter.drawEllipse(at, radius, radius)
            square = QRectF(0, 0, radius * 1.25, radius * 1.25)
            square.moveCenter(at)
            paint_icon(painter, icon, square, colour("on_filled" if here else "primary"), 0.06)
            painter.setPen(colour("ink"))
            painter.setFont(self._fitting_font(name, type_size, room, bold=here))
            below = QRectF(room * index, self.height() - type_size * 1.5, room, type_size * 1.5)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, name)
        painter.end()
