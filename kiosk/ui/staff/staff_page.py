"""Base of the staff panel's pages: a list of rows, buttons below it, the result of the last action."""

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QScroller,
    QScrollerProperties,
    QVBoxLayout,
    QWidget,
)

from kiosk.codes import Code
from kiosk.phrases import Phrases, load
from kiosk.staff.service import StaffService
from kiosk.ui.icons import Icon
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.theme import TextRole, Theme, colour
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Row, apply_theme
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.message_bar import MessageBar


class StaffPage(QWidget):
    """One page of the panel. It holds data only while it is visible: `refresh` asks for them each time."""

    name: ClassVar[str]
    refreshed = Signal()
    """The page shows something new."""

    def __init__(self, service: StaffService, tasks: BackgroundTasks) -> None:
        super().__init__()
        self.service = service
        self.tasks = tasks
        self.phrases = load()
        self.theme = Theme()
        self.list = RowList()
        self._result = MessageBar(Icon.CHECK)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.addWidget(self._result)
        self.box.addWidget(self.list, 1)

    def refresh(self) -> None:
        """Fetch the page's data and show them."""

    def clear(self) -> None:
        """Drop everything that the page shows: another page is shown, or none."""
        self.list.clear()
        self._result.show_message("")

    def retranslate(self, phrases: Phrases) -> None:
        self.phrases = phrases

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.box.setSpacing(theme.px(20))

    def add_buttons(self, *buttons: Button) -> None:
        """Add a row of buttons below the list."""
        self.box.addWidget(Row(*buttons))

    def run_task(self, work: Callable[[], object], then: Callable[[object], None]) -> None:
        """Run `work` off Qt's thread and give its result to `then`; show a failure in the words for staff."""

        def finish(result: object) -> None:
            then(result)
            self.refreshed.emit()

        self.tasks.run(work, finish, self.show_failure)

    def show_failure(self, code: Code) -> None:
        """Say what staff should do about a failed action."""
        self._result.show_message(self.phrases.clerk(code), Icon.ATTENTION)
        self.refreshed.emit()

    def show_result(self, text: str) -> None:
        """Say what the last action did."""
        self._result.show_message(text, Icon.CHECK, good=True)

    def show_result_and_refresh(self, text: str) -> None:
        """Say what the last action did, and show the page's data as they are after it."""
        self.show_result(text)
        self.refresh()

    @property
    def result_text(self) -> str:
        """What is said about the last action; empty: nothing."""
        return self._result.text

    def add_row(self, left: str, right: str = "", below: str = "", *, button: Button | None = None) -> None:
        """Add a row to the list."""
        row = ListRow(left, right, below, button=button)
        apply_theme(row, self.theme)
        row.set_theme(self.theme)
        self.list.add(row)

    def add_heading(self, text: str) -> None:
        """Add a line in bold type to the list."""
        heading = FittedLabel("small", centred=False, bold=True)
        heading.show_text(text)
        heading.set_theme(self.theme)
        self.list.add(heading)


class ListRow(QWidget):
    """A name on the left, its state on the right, a sentence below and perhaps a button."""

    def __init__(self, left: str, right: str, below: str, *, button: Button | None) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        column, upper = QVBoxLayout(), QHBoxLayout()
        upper.addWidget(_label(left, "small"), 1)
        if right:
            state = _label(right, "small")
            state.setWordWrap(False)
            state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            upper.addWidget(state)
        column.addLayout(upper)
        if below:
            column.addWidget(_label(below, "tiny", ink="soft"))
        self._row.addLayout(column, 1)
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
        self._row.setContentsMargins(theme.px(24), theme.px(14), theme.px(24), theme.px(14))


class RowList(QScrollArea):
    """A column of rows that is scrolled by dragging it."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        # Without a delay, buttons in the list are pressed at once; a drag that follows cancels the press.
        scroller = QScroller.scroller(self.viewport())
        properties = scroller.scrollerProperties()
        properties.setScrollMetric(QScrollerProperties.ScrollMetric.MousePressEventDelay, 0.0)
        scroller.setScrollerProperties(properties)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.LeftMouseButtonGesture)
        self.clear()

    def clear(self) -> None:
        """Delete all rows. The list is painted again when the new ones have been added."""
        self.setUpdatesEnabled(False)
        QTimer.singleShot(0, self, lambda: self.setUpdatesEnabled(True))
        inside = QWidget()
        inside.setAutoFillBackground(False)
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addStretch(1)
        self.setWidget(inside)

    def add(self, widget: QWidget) -> None:
        """Add a widget below the others."""
        self._box.insertWidget(self._box.count() - 1, widget)
        self._set_needed_height(widget)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for index in range(self._box.count() - 1):
            item = self._box.itemAt(index)
            widget = item.widget() if item is not None else None
            if widget is not None:
                self._set_needed_height(widget)

    def _set_needed_height(self, widget: QWidget) -> None:
        """Give `widget` the height of its text at this width, which QScrollArea does not ask for itself."""
        layout = widget.layout()
        width = self.viewport().width()
        needed = layout.heightForWidth(width) if layout is not None else widget.heightForWidth(width)
        widget.setMinimumHeight(max(needed, widget.sizeHint().height()))

    @property
    def texts(self) -> list[str]:
        """All texts in the list, from top to bottom."""
        inside = self.widget()
        return [label.text() for label in inside.findChildren(FittedLabel)] if inside else []


def _label(text: str, role: TextRole, *, ink: str = "ink") -> FittedLabel:
    label = FittedLabel(role, ink=ink, centred=False)
    label.show_text(text)
    return label
