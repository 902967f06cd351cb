"""An icon as a part of a screen, plain or white on a filled circle."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import Theme, colour

DISC_PX, ICON_PX = 360, 560
"""Largest circle and largest plain icon on a 1080-wide screen: larger ones draw attention from the text."""
LEAST_PX = 30
"""An icon smaller than this cannot be recognised and is left out."""
_LINE_WIDTH, _DISC_LINE_WIDTH = 0.045, 0.08


class IconWidget(QWidget):
    """Paints one icon, centred; with `disc` in white on a circle of the colour `ink`."""

    def __init__(self, icon: Icon, *, ink: str = "primary", disc: bool = False) -> None:
        super().__init__()
        self._icon, self._ink, self._disc = icon, ink, disc
        self._theme = Theme()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_icon(self, icon: Icon, ink: str) -> None:
        """Paint another icon, in a colour of the palette."""
        self._icon, self._ink = icon, ink
        self.update()

    def paintEvent(self, _: object) -> None:
        if min(self.width(), self.height()) < LEAST_PX:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = min(self.width(), self.height())
        if self._disc:
            side = min(room, self._theme.px(DISC_PX))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour(self._ink))
            painter.drawEllipse(self._square(side))
            paint_icon(painter, self._icon, self._square(side * 0.7), colour("on_filled"), _DISC_LINE_WIDTH)
        else:
            box = self._square(min(room, self._theme.px(ICON_PX)))
            paint_icon(painter, self._icon, box, colour(self._ink), _LINE_WIDTH)
        painter.end()

    def _square(self, side: float) -> QRectF:
        """Return a square of `side` pixels in the middle of the widget."""
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(self.rect()).center())
        return square
