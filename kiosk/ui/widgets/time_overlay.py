"""Covers the screen before its time is over: does the person need more? Any touch says yes."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from kiosk.codes import Code
from kiosk.events import AskTime
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.overlay import Overlay


class TimeOverlay(Overlay):
    """Emits `stays` or `left`. What is under it, and was typed there, is kept.

    It cannot be read aloud again: it is spoken as it is shown, stays for seconds, and any touch answers it.
    """

    stays = Signal()
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        self._yes = Button("time_yes", "primary", role="title").with_height(1.8)
        self._no = Button("time_no", "plain", icon=Icon.EXIT)
        super().__init__(parent, Icon.CLOCK, (self._no, self._yes))
        self._phrases, self._code = load(), Code.OK
        self._yes.clicked.connect(self.stays)
        self._no.clicked.connect(self.left)

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self.stays.emit()

    def ask(self, notice: AskTime) -> None:
        """Ask until the time is over, and say why nothing went on, if that is known."""
        self._code = notice.code
        self._show_note()
        self.ring.start(notice.until)

    def _show_note(self) -> None:
        self.note.show_text(self._phrases.customer_end(self._code) or self._phrases["time.note"])

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self.title.show_text(phrases["time.title"])
        self.body.show_text(phrases["time.body"])
        self._show_note()
        self._yes.set_label(phrases["button.time_yes"])
        self._no.set_label(phrases["button.time_no"])
        self.ring.set_accessible_texts(phrases["general.time_left"], phrases["general.seconds"])
