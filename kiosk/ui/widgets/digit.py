"""The one big digit to be read, and the moment at which it was really painted."""

import time

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.lettering import STROKE


class Digit(QWidget):
    """`painted(window, at)` is told once a digit, right after it was painted; `at` on the capture clock."""

    painted = Signal(int, float)

    def __init__(self) -> None:
        super().__init__()
        self._look = Theme()
        self._text = ""
        self._word = ""
        self._wait = ("", "")
        self._window = 0
        self._due: int | None = None
        self._done = False
        self._light: QColor | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def speak(self, wait: str, body: str) -> None:
        """What stands here before the first digit."""
        self._wait = (wait, body)
        self.update()

    def lie_on(self, ground: QColor | None) -> None:
        """The colour of the light challenge behind the digit; None: the ordinary ground."""
        self._light = ground

    def fit(self, look: Theme) -> None:
        self._look = look

    def show_digit(self, window: int, digit: int, word: str) -> None:
        """Paint at once and tell when; if nothing can be painted now, tell after the first painting."""
        self._word = word
        self.show_sign(window, str(digit))

    def show_sign(self, window: int, text: str) -> None:
        """As `show_digit`, for any sign."""
        self._window, self._text = window, text
        self._due, self._done = window, False
        self.setAccessibleName(self._text)
        self.repaint()
        self._tell()

    def clear(self) -> None:
        self._text = self._word = ""
        self._due = None
        self.setAccessibleName(self._wait[0])
        self.update()

    @property
    def text(self) -> str:
        return self._text

    def _tell(self) -> None:
        if self._due is not None and self._done:
            window, self._due = self._due, None
            self.painted.emit(window, time.monotonic())

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter)
        if self._text:
            self._paint_digit(painter)
        else:
            self._paint_wait(painter)
        painter.end()
        if self._due is not None:
            self._done = True
            QTimer.singleShot(0, self._tell)  # only needed where `repaint` was too early

    def _paint_ground(self, painter: QPainter) -> None:
        box = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        painter.setPen(QPen(colour("primary" if self._text else "line"), 4))
        own = colour("digit_odd" if self._window % 2 else "digit_even")
        painter.setBrush(self._light if self._light is not None else own)
        painter.drawRoundedRect(box, self._look.px(40), self._look.px(40))

    def digit_px(self) -> int:
        """Height of the digit itself (not of its line): up to 560 on a 1080-wide screen, never cut."""
        room = self.height() * (0.68 if self._word else 0.8)
        return round(min(room, self.width() * 0.9, max(160, self._look.px(620))))

    def _paint_digit(self, painter: QPainter) -> None:
        probe = QFontMetricsF(self._look.font_px(1000, True)).tightBoundingRect("8")
        font = self._look.font_px(round(self.digit_px() / probe.height() * 1000), True)
        glyph = QFontMetricsF(font).tightBoundingRect(self._text)
        room = self.height() * (0.8 if self._word else 1.0)
        outline = QPainterPath()
        outline.addText(
            self.width() / 2 - glyph.center().x(), room / 2 - glyph.center().y(), font, self._text
        )
        painter.setPen(QPen(colour("ink"), self.digit_px() * STROKE * 2))
        painter.setBrush(colour("ink"))
        painter.drawPath(outline)
        if self._word:
            self._paint_word(painter, QRectF(0, self.height() * 0.78, self.width(), self.height() * 0.2))

    def _paint_word(self, painter: QPainter, box: QRectF) -> None:
        painter.setFont(self._look.font_px(min(self._look.size("title"), round(box.height() * 0.7))))
        painter.setPen(colour("soft" if self._light is None else "ink"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._word)

    def _paint_wait(self, painter: QPainter) -> None:
        painter.setPen(colour("primary"))
        painter.setFont(self._look.font("title"))
        half = self.height() / 2
        flags = Qt.AlignmentFlag.AlignHCenter
        painter.drawText(
            QRectF(0, 0, self.width(), half - 4), flags | Qt.AlignmentFlag.AlignBottom, self._wait[0]
        )
        painter.setPen(colour("soft"))
        painter.setFont(self._look.font("body"))
        painter.drawText(
            QRectF(0, half + 4, self.width(), half), flags | Qt.AlignmentFlag.AlignTop, self._wait[1]
        )
