"""One large digit to be read aloud, and the time at which it was painted.

A visit judges when a digit was spoken against the time at which it could be seen. So `painted` is emitted
once for each digit, after Qt has really painted it, with the time of the capture clock (`time.monotonic`).
`repaint` paints at once if the widget is visible; otherwise the first paint event that comes later counts.
"""

import time

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.text_painting import STROKE


class DigitDisplay(QWidget):
    """Shows a digit, or a text before the first one. Emits `painted(window, at)` once a digit was painted."""

    painted = Signal(int, float)

    def __init__(self) -> None:
        super().__init__()
        self._theme = Theme()
        self._text = ""
        self._pronunciation = ""
        self._waiting_text = ("", "")
        self._window = 0
        self._unreported: int | None = None  # window whose `painted` is still to be emitted
        self._was_painted = False
        self._light: QColor | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_waiting_text(self, title: str, body: str) -> None:
        """Set the text that stands here before the first digit."""
        self._waiting_text = (title, body)
        self.update()

    def set_ground(self, ground: QColor | None) -> None:
        """Set the colour of the light challenge behind the digit; None: the ordinary ground."""
        self._light = ground

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def show_digit(self, window: int, digit: int, pronunciation: str) -> None:
        """Paint a digit at once, with a word below that says how it sounds; it may be empty."""
        self._pronunciation = pronunciation
        self.show_symbol(window, str(digit))

    def show_symbol(self, window: int, text: str) -> None:
        """Paint a symbol with this accessible name at once and emit `painted`."""
        self._window, self._text = window, text
        self._unreported, self._was_painted = window, False
        self.setAccessibleName(self._text)
        self.repaint()
        self._report()

    def clear(self) -> None:
        """Show the waiting text."""
        self._text = self._pronunciation = ""
        self._unreported = None
        self.setAccessibleName(self._waiting_text[0])
        self.update()

    @property
    def text(self) -> str:
        """What is shown; empty: the waiting text."""
        return self._text

    def _report(self) -> None:
        if self._unreported is not None and self._was_painted:
            window, self._unreported = self._unreported, None
            self.painted.emit(window, time.monotonic())

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour("primary" if self._text else "line"), 4))
        own = colour("digit_odd" if self._window % 2 else "digit_even")
        painter.setBrush(self._light if self._light is not None else own)
        radius = self._theme.px(40)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), radius, radius)
        if self._text:
            self.paint_symbol(painter)
        else:
            self._paint_waiting_text(painter)
        painter.end()
        if self._unreported is not None:
            self._was_painted = True
            QTimer.singleShot(0, self._report)  # needed only where `repaint` came too early

    def fitting_px(self) -> int:
        """Return the size of what is shown; the waiting text has that of its role."""
        return self.digit_px() if self._text else self._theme.size("title")

    def digit_px(self) -> int:
        """Return the height of the digit itself, not of its line: at least 160, at most 620 of the design."""
        room = self.height() * (0.68 if self._pronunciation else 0.8)
        return round(min(room, self.width() * 0.9, max(160, self._theme.px(620))))

    def paint_symbol(self, painter: QPainter) -> None:
        """Paint the digit in the middle and, below it, how it sounds."""
        reference = QFontMetricsF(self._theme.font_px(1000, True)).tightBoundingRect("8")
        font = self._theme.font_px(round(self.digit_px() / reference.height() * 1000), True)
        glyph = QFontMetricsF(font).tightBoundingRect(self._text)
        room = self.height() * (0.8 if self._pronunciation else 1.0)
        left, baseline = self.width() / 2 - glyph.center().x(), room / 2 - glyph.center().y()
        outline = QPainterPath()
        outline.addText(left, baseline, font, self._text)
        painter.setPen(QPen(colour("ink"), self.digit_px() * STROKE * 2))
        painter.setBrush(colour("ink"))
        painter.drawPath(outline)
        if self._pronunciation:
            box = QRectF(0, self.height() * 0.78, self.width(), self.height() * 0.2)
            size = min(self._theme.size("title"), round(box.height() * 0.7))
            painter.setFont(self._theme.font_px(size))
            painter.setPen(colour("soft" if self._light is None else "ink"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._pronunciation)

    def _paint_waiting_text(self, painter: QPainter) -> None:
        title, body = self._waiting_text
        half, centred = self.height() / 2, Qt.AlignmentFlag.AlignHCenter
        upper = QRectF(0, 0, self.width(), half - 4)
        lower = QRectF(0, half + 4, self.width(), half)
        painter.setPen(colour("primary"))
        painter.setFont(self._theme.font("title"))
        painter.drawText(upper, centred | Qt.AlignmentFlag.AlignBottom, title)
        painter.setPen(colour("soft"))
        painter.setFont(self._theme.font("body"))
        painter.drawText(lower, centred | Qt.AlignmentFlag.AlignTop, body)
