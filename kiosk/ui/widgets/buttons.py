"""What can be touched: large, said in words, with a picture or a second line where that helps."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import TOUCH_PX, Role, Theme, colour
from kiosk.ui.widgets.lettering import letter

Kind = Literal["primary", "second", "plain", "key"]

REST_MS = 700
"""So long a button takes no touch where the second half of a double touch would mean something else."""


@dataclass(frozen=True)
class _Colours:
    ground: str
    pressed: str
    ink: str
    edge: str


_KINDS: dict[Kind, _Colours] = {
    "primary": _Colours("primary", "primary_pressed", "on_filled", "primary"),
    "second": _Colours("second", "second_pressed", "on_filled", "second"),
    "plain": _Colours("surface", "key_pressed", "ink", "soft"),
    "key": _Colours("surface", "key_pressed", "ink", "line"),
}


class Button(QAbstractButton):
    """A touch target of at least 20 mm, painted by ourselves; `name` is its objectName."""

    def __init__(
        self, name: str, kind: Kind = "plain", *, role: Role = "body", icon: Icon | None = None
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setMinimumSize(TOUCH_PX, TOUCH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._kind: Kind = kind
        self._role: Role = role
        self._icon = icon
        self._note = ""
        self._look = Theme()
        self._tall = 1.0
        self._resting = QTimer(self, singleShot=True, interval=REST_MS)

    def say(self, text: str, note: str = "") -> None:
        """The words on it, and a smaller second line."""
        self.setText(text)
        self._note = note
        self.setAccessibleName(text)
        self.setAccessibleDescription(note)
        self.updateGeometry()
        self.update()

    def grow(self, times: float) -> "Button":
        """Taller than ordinary buttons."""
        self._tall = times
        return self

    def rest(self) -> None:
        """Take no touch for a moment; it looks the same, so that nothing flickers."""
        self._resting.start()

    def wake(self) -> None:
        """Take touches at once."""
        self._resting.stop()

    def hitButton(self, pos: QPoint) -> bool:
        return not self._resting.isActive() and super().hitButton(pos)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._resting.isActive():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def fit(self, look: Theme) -> None:
        self._look = look
        self.setMinimumHeight(TOUCH_PX)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._look.font(self._role, True))
        width = metrics.horizontalAdvance(self.text()) + self._look.px(64) + self._icon_side()
        return QSize(max(TOUCH_PX, round(width)), max(TOUCH_PX, round(self._look.touch * self._tall)))

    def minimumSizeHint(self) -> QSize:
        return QSize(TOUCH_PX, TOUCH_PX)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.update()

    def paintEvent(self, _: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)
        self._paint_ground(painter)
        self._paint_words(painter)
        painter.end()

    def _paint_ground(self, painter: QPainter) -> None:
        colours = _KINDS[self._kind]
        edge = 4.0 if self.hasFocus() else 2.0
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        radius = min(self._look.px(28), box.height() / 2)
        painter.setPen(QPen(colour("banner" if self.hasFocus() else colours.edge), edge))
        painter.setBrush(colour(colours.pressed if self.isDown() or self.isChecked() else colours.ground))
        painter.drawRoundedRect(box, radius, radius)

    def _paint_words(self, painter: QPainter) -> None:
        ink = colour(_KINDS[self._kind].ink)
        painter.setPen(ink)
        pad = self._look.px(20)
        box = QRectF(self.rect()).adjusted(pad, 4, -pad, -4)
        if self._icon is not None:
            box = self._paint_icon(painter, box)
        if self._note:
            upper = QRectF(box.left(), box.top(), box.width(), box.height() * 0.58)
            lower = QRectF(box.left(), upper.bottom(), box.width(), box.height() * 0.36)
            self._paint_line(painter, self.text(), upper, self._role, True)
            self._paint_line(painter, self._note, lower, "small", False)
        else:
            self._paint_line(painter, self.text(), box, self._role, True)

    def _icon_side(self) -> int:
        return 0 if self._icon is None else round(self._look.size(self._role) * 1.3)

    def _paint_icon(self, painter: QPainter, box: QRectF) -> QRectF:
        """The picture left of the words, both in the middle; returns the room for the words."""
        assert self._icon is not None
        side = float(self._icon_side())
        words = QFontMetricsF(self._look.font(self._role, True)).horizontalAdvance(self.text())
        left = box.left() + max(0.0, (box.width() - side * 1.25 - words) / 2)
        paint_icon(
            painter,
            self._icon,
            QRectF(left, box.center().y() - side / 2, side, side),
            colour(_KINDS[self._kind].ink),
            0.08,
        )
        return QRectF(
            left + side * 1.25, box.top(), min(box.right() - left - side * 1.25, words + 4), box.height()
        )

    def _paint_line(self, painter: QPainter, text: str, box: QRectF, role: Role, bold: bool) -> None:
        painter.setFont(self._look.font_px(self.line_size(text, box, role, bold), bold))
        letter(painter, box, int(Qt.AlignmentFlag.AlignCenter), text)

    def line_size(self, text: str, box: QRectF, role: Role, bold: bool) -> int:
        """Pixels of the largest type, up to the role's, in which `text` fits into one line of `box`."""
        size = self._look.size(role)
        while size > 10:
            metrics = QFontMetricsF(self._look.font_px(size, bold))
            # The glyphs of CJK fonts are lower than the line that the font asks for.
            if metrics.horizontalAdvance(text) <= box.width() and size <= box.height():
                break
            size -= 1
        return size
