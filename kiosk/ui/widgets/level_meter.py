"""Meter of the sound level at the microphone: a row of lamps."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour

QUIET_DBFS, LOUD_DBFS = -60.0, -6.0
"""Levels at which no lamp and every lamp is lit."""
LAMPS = 16


class LevelMeter(QWidget):
    """Rises at once and falls by a lamp for each value, as peak meters do."""

    def __init__(self) -> None:
        super().__init__()
        self._lit = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_level(self, dbfs: float) -> None:
        """Show a level in dBFS (0: full scale)."""
        share = (dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS)
        lit = max(min(1.0, max(0.0, share)) * LAMPS, self._lit - 1.0)
        if round(lit) != round(self._lit):
            self.update()
        self._lit = lit

    def clear(self) -> None:
        """Switch all lamps off."""
        self._lit = 0.0
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self.setFixedHeight(max(40, theme.px(80)))

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = float(self.height())
        paint_icon(painter, Icon.MICROPHONE, QRectF(0, 0, side, side), colour("primary"), 0.08)
        painter.setPen(Qt.PenStyle.NoPen)
        step = (self.width() - side * 1.1) / LAMPS
        for lamp in range(LAMPS):
            lit = "wait" if lamp >= LAMPS - 2 else "done"
            painter.setBrush(colour(lit if lamp < round(self._lit) else "track"))
            box = QRectF(side * 1.1 + lamp * step, side * 0.2, step * 0.72, side * 0.6)
            painter.drawRoundedRect(box, 4, 4)
        painter.end()
