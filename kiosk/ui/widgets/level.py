"""How loud it is at the microphone, as a bar of lamps."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour

QUIET_DBFS, LOUD_DBFS = -60.0, -6.0
LAMPS = 16


class Level(QWidget):
    """`show_level` takes dBFS (0: full scale); the bar falls back slowly, as such meters do."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Theme()
        self._lit = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_level(self, dbfs: float) -> None:
        share = (dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS)
        lit = max(min(1.0, max(0.0, share)) * LAMPS, self._lit - 1.0)
        if round(lit) != round(self._lit):
            self.update()
        self._lit = lit

    def clear(self) -> None:
        self._lit = 0.0
        self.update()

    def fit(self, look: Theme) -> None:
        self._look = look
        self.setFixedHeight(max(40, look.px(80)))

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = float(self.height())
        paint_icon(painter, Icon.MICROPHONE, QRectF(0, 0, side, side), colour("primary"), 0.08)
        painter.setPen(Qt.PenStyle.NoPen)
        step = (self.width() - side * 1.1) / LAMPS
        for lamp in range(LAMPS):
            painter.setBrush(colour(self._lamp_colour(lamp)))
            box = QRectF(side * 1.1 + lamp * step, side * 0.2, step * 0.72, side * 0.6)
            painter.drawRoundedRect(box, 4, 4)
        painter.end()

    def _lamp_colour(self, lamp: int) -> str:
        if lamp >= round(self._lit):
            return "line"
        return "wait" if lamp >= LAMPS - 2 else "done"
