"""Covers the screen before its time is over: does the person need more? Any touch says yes."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.overlay import Overlay


class TimeOverlay(Overlay):
    """Emits `stays` or `left`. What is under it, and was typed there, is kept."""

    stays = Signal()
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        self._yes = Button("time_yes", "primary", role="title").with_height(1.8)
        self._no = Button("time_no", "plain", icon=Icon.EXIT)
        super().__init__(parent, Icon.CLOCK, (self._no, self._yes))
        self._yes.clicked.connect(self.stays)
        self._no.clicked.connect(self.left)

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self.stays.emit()

    def retranslate(self, phrases: Phrases) -> None:
        self.title.show_text(phrases["time.title"])
        self.body.show_text(phrases["time.body"])
        self.note.show_text(phrases["time.note"])
        self._yes.set_label(phrases["button.time_yes"])
        self._no.set_label(phrases["button.time_no"])
        self.ring.set_accessible_texts(phrases["general.time_left"], phrases["general.seconds"])
