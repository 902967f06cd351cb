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
TEXT = 0.58
"""Share of a button's height that the text has above a note."""
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
            width = self._widest_line(self._lines(box.adjusted(side * 1.25, 0, 0, 0)))
            left = box.left() + max(0.0, (box.width() - side * 1.25 - width) / 2)
            square = QRectF(left, box.center().y() - side / 2, side, side)
            paint_icon(painter, self._icon, square, colour(self._colours.ink), 0.08)
            left += side * 1.25
            box = QRectF(left, box.top(), min(box.right() - left, width + 4), box.height())
        if self._note:
            lower = QRectF(box.left(), box.top() + box.height() * TEXT, box.width(), box.height() * 0.36)
            self.paint_line(painter, self._note, lower, "small", False)
        self._paint_text(painter, self._above_note(box))

    def fitting_px(self) -> int:
        """Return the type size in which the text is painted."""
        pad = self._theme.px(20)
        box = self._above_note(QRectF(self.rect()).adjusted(pad, 4, -pad, -4))
        if self._icon is not None and self._has_room_for_icon(box):
            box.setLeft(box.left() + self._icon_side() * 1.25)
        return self._lines_size(self._lines(box), box)

    def _above_note(self, box: QRectF) -> QRectF:
        """Return the part of `box` that is the text's, above the note if there is one."""
        return QRectF(box.left(), box.top(), box.width(), box.height() * (TEXT if self._note else 1.0))

    def _paint_text(self, painter: QPainter, box: QRectF) -> None:
        """Paint the text in the middle of `box`, in two lines where it is larger so."""
        lines = self._lines(box)
        size = self._lines_size(lines, box)
        height = box.height() if len(lines) == 1 else size * LATIN_LINE
        top = box.center().y() - height * len(lines) / 2
        painter.setFont(self._theme.font_px(size, True))
        for index, line in enumerate(lines):
            part = QRectF(box.left(), top + index * height, box.width(), height)
            paint_text(painter, part, int(Qt.AlignmentFlag.AlignCenter), line)

    def _lines(self, box: QRectF) -> tuple[str, ...]:
        """Return the text as it is larger in `box`: in one line, or in two that part at a space."""
        words = self.text().split(" ")
        splits = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
        return max([(self.text(),), *splits], key=lambda lines: self._lines_size(lines, box))

    def _lines_size(self, lines: tuple[str, ...], box: QRectF) -> int:
        each = QRectF(0, 0, box.width(), box.height() / len(lines))
        return min(self.line_size(line, each, self._role, True) for line in lines)

    def _widest_line(self, lines: tuple[str, ...]) -> float:
        metrics = QFontMetricsF(self._theme.font(self._role, True))
        return max(metrics.horizontalAdvance(line) for line in lines)

    def _has_room_for_icon(self, box: QRectF) -> bool:
        """Return whether the text stays large beside the icon: words say more than a picture."""
        beside = box.adjusted(self._icon_side() * 1.25, 0, 0, 0)
        size = self._lines_size(self._lines(beside), beside)
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
