"""Label whose text is never cut: it wraps, and where that is not enough, its type becomes smaller."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QLabel, QSizePolicy

from kiosk.ui.theme import TextRole, Theme, colour
from kiosk.ui.widgets.text_painting import paint_text

SMALLEST = 0.52
"""Least type size as a share of the role's."""


class FittedLabel(QLabel):
    """Label in the type of a `TextRole`. Layouts see its full size; only the painted type shrinks."""

    def __init__(self, role: TextRole, *, ink: str = "ink", centred: bool = True, bold: bool = False) -> None:
        super().__init__()
        self._role: TextRole = role
        self._bold = bold
        self._ink = ink
        self._theme = Theme()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        side = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
        self.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.set_theme(self._theme)

    def set_ink(self, name: str) -> None:
        """Set the colour of the type by its name in the palette."""
        self._ink = name
        self.update()

    def show_text(self, text: str) -> None:
        """Show `text`; an empty one hides the label."""
        self.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setFont(theme.font(self._role, self._bold))

    def fitting_px(self) -> int:
        """Return the largest type size, up to the role's, in which the text fits into the widget."""
        full = self._theme.size(self._role)
        size, font = full, self.font()
        while size > full * SMALLEST:
            font.setPixelSize(size)
            needed = self._needed(QFontMetrics(font), self.width())
            if needed.height() <= self.height() and needed.width() <= self.width():
                break
            size -= 1
        return size

    def _balanced(self, metrics: QFontMetrics) -> QRectF:
        """Return the narrowest box with as few lines as the whole width allows: no character stands alone."""
        box = QRectF(self.rect())
        height = self._needed(metrics, self.width()).height()
        if not self.alignment() & Qt.AlignmentFlag.AlignHCenter or height <= metrics.lineSpacing() * 1.5:
            return box
        low, high = self.width() // 2, self.width()
        while high - low > 4:
            middle = (low + high) // 2
            needed = self._needed(metrics, middle)
            fits = needed.height() <= height and needed.width() <= middle
            low, high = (low, middle) if fits else (middle, high)
        inset = (self.width() - high) / 2
        return box.adjusted(inset, 0, -inset, 0)

    def _needed(self, metrics: QFontMetrics, width: int) -> QRect:
        """Return the size of the text when it is wrapped at `width`."""
        return metrics.boundingRect(QRect(0, 0, width, 100_000), self._flags(), self.text())

    def _flags(self) -> int:
        return int(self.alignment()) | int(Qt.TextFlag.TextWordWrap)

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(self.fitting_px())
        painter.setFont(font)
        painter.setPen(colour(self._ink))
        paint_text(painter, self._balanced(QFontMetrics(font)), self._flags(), self.text())
        painter.end()
