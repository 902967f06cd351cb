"""Text that never gets cut: it wraps, and where even that is too long, it becomes smaller."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QLabel, QSizePolicy

from kiosk.ui.theme import Role, Theme, colour
from kiosk.ui.widgets.lettering import letter

SMALLEST = 0.55
"""Type may shrink to this share of its size, not further."""


class Words(QLabel):
    """A label in one of the roles of `look.Role`. Layouts see its full size; only the painting shrinks."""

    def __init__(self, role: Role, *, ink: str = "ink", centred: bool = True, bold: bool = False) -> None:
        super().__init__()
        self._role: Role = role
        self._bold = bold
        self._ink = ink
        self._look = Theme()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        side = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
        self.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.fit(self._look)

    def set_ink(self, name: str) -> None:
        """Colour of the type, by its name in the palette."""
        self._ink = name
        self.update()

    def say(self, text: str) -> None:
        """Show `text`; an empty one takes no room."""
        self.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def fit(self, look: Theme) -> None:
        self._look = look
        self.setFont(look.font(self._role, self._bold))

    def fitting_px(self) -> int:
        """Pixels of the largest type, up to the role's, that fits into the widget."""
        full = self._look.size(self._role)
        size = full
        while size > full * SMALLEST and not self._fits(size):
            size -= 1
        return size

    def _fits(self, size: int) -> bool:
        font = self.font()
        font.setPixelSize(size)
        room = QRect(0, 0, self.width(), 100_000)
        needed = QFontMetrics(font).boundingRect(room, self._flags(), self.text())
        return needed.height() <= self.height() and needed.width() <= self.width()

    def _balanced(self, metrics: QFontMetrics) -> QRectF:
        """The narrowest box with as many lines as the whole width needs: no lonely last character."""
        box = QRectF(self.rect())
        if not self.alignment() & Qt.AlignmentFlag.AlignHCenter:
            return box
        whole = self._height(metrics, self.width())
        if whole <= metrics.lineSpacing() * 1.5:
            return box
        low, high = self.width() // 2, self.width()
        while high - low > 4:
            middle = (low + high) // 2
            low, high = (low, middle) if self._holds(metrics, middle, whole) else (middle, high)
        inset = (self.width() - high) / 2
        return box.adjusted(inset, 0, -inset, 0)

    def _holds(self, metrics: QFontMetrics, width: int, height: int) -> bool:
        needed = metrics.boundingRect(QRect(0, 0, width, 100_000), self._flags(), self.text())
        return needed.height() <= height and needed.width() <= width

    def _height(self, metrics: QFontMetrics, width: int) -> int:
        return metrics.boundingRect(QRect(0, 0, width, 100_000), self._flags(), self.text()).height()

    def _flags(self) -> int:
        return int(self.alignment()) | int(Qt.TextFlag.TextWordWrap)

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(self.fitting_px())
        painter.setFont(font)
        painter.setPen(colour(self._ink))
        letter(painter, self._balanced(QFontMetrics(font)), self._flags(), self.text())
        painter.end()
