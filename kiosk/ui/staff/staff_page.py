"""Base of the staff panel's pages: a list of rows, buttons below it, the result of the last action."""

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QVBoxLayout,
    QWidget,
)

from kiosk.codes import Code
from kiosk.phrases import Phrases, load
from kiosk.staff.service import StaffService
from kiosk.ui.icons import Icon
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.staff.paged_list import PagedList, Row, Tone
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Row as ButtonRow
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
        self.list = PagedList()
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
        self.list.retranslate(phrases)

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.box.setSpacing(theme.px(20))

    def add_buttons(self, *buttons: Button) -> None:
        """Add a row of buttons below the list."""
        self.box.addWidget(ButtonRow(*buttons))

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

    def show_warning(self, text: str) -> None:
        """Say that the last action did less than was wanted."""
        self._result.show_message(text, Icon.ATTENTION)

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

    def add_row(
        self,
        left: str,
        right: str = "",
        below: str = "",
        *,
        tone: Tone | None = None,
        button: Callable[[], Button | None] | None = None,
    ) -> None:
        """Add a row to the list. `button` makes the row's button each time its page is shown."""
        self.list.add(Row(left=left, right=right, below=below, tone=tone, button=button))

    def add_heading(self, text: str) -> None:
        """Add a line in bold type to the list."""
        self.list.add(Row(left=text, heading=True))
