"""A list in pages of whole rows: nothing is cut at an edge, and a long list costs no more than a page."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.theme import TextRole, Theme, colour
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import apply_theme
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import LEAST_PX, IconWidget

PAGER_PX = 260
"""Width of the buttons beside the rows of a wide screen."""
_UNBOUNDED = 16_777_215  # Qt's own QWIDGETSIZE_MAX
LONGEST_RIGHT = 36
"""Columns of a state beside the name; a longer one stands below. A Chinese character takes two."""


class Tone(Enum):
    """What a state means, as a symbol and a colour of the palette: neither says it alone."""

    GOOD = (Icon.CHECK, "done")
    WAITING = (Icon.HOURGLASS, "wait")
    BAD = (Icon.ATTENTION, "stop")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A name on the left, its state on the right, a sentence below and perhaps a button. Heading: bold."""

    left: str
    right: str = ""
    below: str = ""
    tone: Tone | None = None
    button: Callable[[], Button | None] | None = None
    heading: bool = False


class PagedList(QWidget):
    """Shows the rows that fit, and two buttons where there are more."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._starts = [0]  # first row of this page and of those before it
        self._theme = Theme()
        self._page = QWidget()
        self._previous, self._next = Button("list_previous", role="small"), Button("list_next", role="small")
        self._where = FittedLabel("small")
        self._pager = QWidget()
        self._pager_box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._pager)
        self._pager_box.setContentsMargins(0, 0, 0, 0)
        for part in (self._previous, self._where, self._next):
            self._pager_box.addWidget(part, 1)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self._page, 1)
        self._box.addWidget(self._pager)
        self._pager.hide()
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._build)
        self._previous.clicked.connect(lambda: self._turn(-1))
        self._next.clicked.connect(lambda: self._turn(1))

    def clear(self, *, keep_page: bool = False) -> None:
        """Drop all rows. `keep_page`: the ones that follow are the same list, read again."""
        self._rows = []
        if not keep_page:
            self._starts = [0]
        self._due.start()

    def add(self, row: Row) -> None:
        """Add a row below the others."""
        self._rows.append(row)
        self._due.start()

    def retranslate(self, phrases: Phrases) -> None:
        self._previous.set_label(phrases["staff.previous"])
        self._next.set_label(phrases["staff.next"])

    def set_theme(self, theme: Theme) -> None:
        """On a wide screen the buttons stand beside the rows, for height is what it lacks."""
        self._theme = theme
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._box.setDirection(down if theme.portrait else right)
        self._box.setSpacing(theme.px(20))
        self._pager_box.setDirection(right if theme.portrait else down)
        self._pager.setMaximumSize(_UNBOUNDED, _UNBOUNDED)
        if theme.portrait:
            self._pager.setMaximumHeight(theme.touch)
        else:
            self._pager.setMaximumWidth(theme.px(PAGER_PX))
        self._due.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._due.start()

    @property
    def texts(self) -> list[str]:
        """All texts in the list, on every page, from top to bottom."""
        return [text for row in self._rows for text in (row.left, row.right, row.below) if text]

    # ── pages ────────────────────────────────────────────────────────────────────────────────────

    def _turn(self, by: int) -> None:
        if by < 0:
            del self._starts[-1]
        else:
            self._starts.append(self._starts[-1] + self._shown)
        self._build()

    def _build(self) -> None:
        """Make the rows of the present page; the widgets of another one are deleted."""
        self._starts = [start for start in self._starts if start == 0 or start < len(self._rows)]
        old, self._page = self._page, QWidget()
        self._box.replaceWidget(old, self._page)
        old.setParent(None)  # its buttons are gone at once, not in the next turn of the loop
        old.deleteLater()
        gap = self._theme.px(8)
        room, width = self.height(), self.width()
        rows, heights = self._fitting(width, room, gap)
        paged = len(self._starts) > 1 or len(rows) < len(self._rows)
        if paged:
            for row in rows:
                row.deleteLater()
            if self._theme.portrait:
                room -= self._theme.touch + self._box.spacing()
            else:
                width -= self._theme.px(PAGER_PX) + self._box.spacing()
            rows, heights = self._fitting(width, room, gap)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(gap)
        for row, height in zip(rows, heights, strict=True):
            row.setFixedHeight(min(height, max(1, room)))
            column.addWidget(row)
        column.addStretch(1)
        self._shown = len(rows)
        first, last = self._starts[-1] + 1, self._starts[-1] + self._shown
        self._where.show_text(f"{first}–{last} / {len(self._rows)}")
        self._previous.setEnabled(len(self._starts) > 1)
        self._next.setEnabled(last < len(self._rows))
        self._pager.setVisible(paged)

    def _fitting(self, width: int, room: int, gap: int) -> tuple[list[QWidget], list[int]]:
        """Return the rows from the present start that fit into `room`, one at least, and their heights."""
        rows: list[QWidget] = []
        heights: list[int] = []
        used = 0
        for spec in self._rows[self._starts[-1] :]:
            row = self._make(spec)
            height = _needed_height(row, width)
            used += height + gap
            if rows and used - gap > room:
                row.deleteLater()
                break
            rows.append(row)
            heights.append(height)
        start, last = self._starts[-1], len(rows) - 1
        if last > 0 and start + len(rows) < len(self._rows) and self._rows[start + last].heading:
            rows.pop().deleteLater()  # a heading stands on the page of what it heads
            heights.pop()
        return rows, heights

    def _make(self, row: Row) -> QWidget:
        if row.heading:
            heading = FittedLabel("small", centred=False, bold=True)
            heading.show_text(row.left)
            heading.set_theme(self._theme)
            return heading
        made = ListRow(row)
        apply_theme(made, self._theme)
        made.set_theme(self._theme)
        return made


class ListRow(QWidget):
    """One row in a frame."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        right, below = row.right, row.below
        if sum(2 if ord(character) > 0x2E80 else 1 for character in right) > LONGEST_RIGHT:
            right, below = "", "\n".join(text for text in (right, below) if text)
        self._row = QHBoxLayout(self)
        column, self._upper = QVBoxLayout(), QHBoxLayout()
        self._upper.addWidget(_label(row.left, "small"), 1)
        self._symbol: IconWidget | None = None
        if row.tone is not None:
            icon, ink = row.tone.value
            self._symbol = IconWidget(icon, ink=ink)
            self._upper.addWidget(self._symbol)
        if right:
            state = _label(right, "small", ink="ink" if row.tone is None else row.tone.value[1])
            state.setWordWrap(False)
            state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._upper.addWidget(state)
        column.addLayout(self._upper)
        if below:
            column.addWidget(_label(below, "tiny", ink="soft"))
        self._row.addLayout(column, 1)
        button = row.button() if row.button is not None else None
        if button is not None:
            self._row.addWidget(button)

    def paintEvent(self, _: object) -> None:
        """Paint the frame. A style sheet for each row would cost more than the row itself."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour("line"), 2.0))
        painter.setBrush(colour("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        painter.end()

    def set_theme(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(24))
        self._upper.setSpacing(theme.px(10))
        self._row.setContentsMargins(theme.px(24), theme.px(14), theme.px(24), theme.px(14))
        if self._symbol is not None:
            side = max(LEAST_PX, round(theme.size("small") * 1.2))
            self._symbol.setFixedSize(side, side)


def _needed_height(widget: QWidget, width: int) -> int:
    """Return the height of the widget's text at this width, which a layout alone does not ask for."""
    layout = widget.layout()
    needed = layout.heightForWidth(width) if layout is not None else widget.heightForWidth(width)
    return max(needed, widget.sizeHint().height() if layout is None else layout.minimumSize().height())


def _label(text: str, role: TextRole, *, ink: str = "ink") -> FittedLabel:
    label = FittedLabel(role, ink=ink, centred=False)
    label.show_text(text)
    return label
