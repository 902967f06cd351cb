"""Buttons: large touch targets with a text, and an icon or a second line where that helps."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from kiosk.ui.icons import Icon, paint_icon
from kiosk.ui.theme import TOUCH_PX, TextRole, Theme, colour
from kiosk.ui.widgets.text_painting import paint_text

Kind = Literal["primary", "second", "plain", "key"]

LINE, LATIN_LINE = 1.1, 1.3
"""Height of a line of glyphs in type sizes, less than the font asks for: of CJK, and with descenders."""
LEAST_BESIDE_ICON = 0.8
"""Share of its size that a text must keep beside an icon; otherwise the icon is left out."""
ANSWER_HEIGHT = 1.3
"""Height of the answers to a question, in ordinary buttons."""


@dataclass(frozen=True, kw_only=True)
class _Colours:
    """Names in the palette."""

    ground: str
    pressed: str
    ink: str
    edge: str


_COLOURS: dict[Kind, _Colours] = {
    "primary": _Colours(ground="primary", pressed="primary_pressed", ink="on_filled", edge="primary"),
    "second": _Colours(ground="second", pressed="second_pressed", ink="on_filled", edge="second"),
    "plain": _Colours(ground="surface", pressed="key_pressed", ink="ink", edge="soft"),
    "key": _Colours(ground="surface", pressed="key_pressed", ink="ink", edge="line"),
}


class Button(QAbstractButton):
    """Touch target of at least 20 mm that paints itself; `name` is its objectName."""

    def __init__(
        self, name: str, kind: Kind = "plain", *, role: TextRole = "body", icon: Icon | None = None
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setMinimumSize(TOUCH_PX, TOUCH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._colours = _COLOURS[kind]
        self._role: TextRole = role
        self._icon = icon
        self._note = ""
        self._theme = Theme()
        self._height_factor = 1.0

    def set_label(self, text: str, note: str = "") -> None:
        """Set the text and a smaller second line, also for screen readers."""
        self.setText(text)
        self._note = note
        self.setAccessibleName(text)
        self.setAccessibleDescription(note)
        self.updateGeometry()
        self.update()

    def with_height(self, factor: float) -> "Button":
        """Make the button taller than ordinary ones by this factor, and return it."""
        self._height_factor = factor
        return self

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setMinimumHeight(TOUCH_PX)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._theme.font(self._role, True))
        width = metrics.horizontalAdvance(self.text()) + self._theme.px(64) + self._icon_side()
        height = round(self._theme.touch * self._height_factor)
        return QSize(max(TOUCH_PX, round(width)), max(TOUCH_PX, height))

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
        focused, colours = self.hasFocus(), self._colours
        edge = 4.0 if focused else 2.0
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        radius = min(self._theme.px(28), box.height() / 2)
        painter.setPen(QPen(colour("ink" if focused else colours.edge), edge))
        pressed = self.isDown() or self.isChecked()
        painter.setBrush(colour(colours.pressed if pressed else colours.ground))
        painter.drawRoundedRect(box, radius, radius)
        painter.setPen(colour(colours.ink))
        self.paint_content(painter)
        painter.end()

    def paint_content(self, painter: QPainter) -> None:
        """Paint what lies on the ground: the icon left of the text, and the second line below."""
        pad = self._theme.px(20)
        box = QRectF(self.rect()).adjusted(pad, 4, -pad, -4)
        if self._icon is not None and self._has_room_for_icon(box):
            side = float(self._icon_side())
            metrics = QFontMetricsF(self._theme.font(self._role, True))
            width = metrics.horizontalAdvance(self.text())
            left = box.left() + max(0.0, (box.width() - side * 1.25 - width) / 2)
            square = QRectF(left, box.center().y() - side / 2, side, side)
            paint_icon(painter, self._icon, square, colour(self._colours.ink), 0.08)
            left += side * 1.25
            box = QRectF(left, box.top(), min(box.right() - left, width + 4), box.height())
        if self._note:
            upper = QRectF(box.left(), box.top(), box.width(), box.height() * 0.58)
            lower = QRectF(box.left(), upper.bottom(), box.width(), box.height() * 0.36)
            self.paint_line(painter, self.text(), upper, self._role, True)
            self.paint_line(painter, self._note, lower, "small", False)
        else:
            self.paint_line(painter, self.text(), box, self._role, True)

    def _has_room_for_icon(self, box: QRectF) -> bool:
        """Return whether the text stays large beside the icon: words say more than a picture."""
        beside = box.adjusted(self._icon_side() * 1.25, 0, 0, 0)
        size = self.line_size(self.text(), beside, self._role, True)
        return size >= LEAST_BESIDE_ICON * self._theme.size(self._role)

    def _icon_side(self) -> int:
        return 0 if self._icon is None else round(self._theme.size(self._role) * 1.3)

    def paint_line(self, painter: QPainter, text: str, box: QRectF, role: TextRole, bold: bool) -> None:
        """Paint a line of text into the middle of `box`, smaller than its role where it has to be."""
        painter.setFont(self._theme.font_px(self.line_size(text, box, role, bold), bold))
        paint_text(painter, box, int(Qt.AlignmentFlag.AlignCenter), text)

    def line_size(self, text: str, box: QRectF, role: TextRole, bold: bool) -> int:
        """Return the largest type size, up to the role's, in which `text` fits into one line of `box`."""
        size, line = self._theme.size(role), LATIN_LINE if text.isascii() else LINE
        while size > 10:
            metrics = QFontMetricsF(self._theme.font_px(size, bold))
            if metrics.horizontalAdvance(text) <= box.width() and size * line <= box.height():
                break
            size -= 1
        return size
