"""Question before a visit is cancelled in which a card was read: what was filled in would be lost."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.button import ANSWER_HEIGHT, Button
from kiosk.ui.widgets.containers import Column, Row, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget

TIMEOUT_MS = 20_000
"""How long the question waits before the visit goes on: the visit's own time is running."""


class CancelQuestion(QWidget):
    """Emits `confirmed` or `back`."""

    confirmed = Signal()
    back = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("title"), FittedLabel("body")
        self._stay = Button("cancel_back", "primary").with_height(ANSWER_HEIGHT)
        self._leave = Button("cancel_confirm", "second").with_height(ANSWER_HEIGHT)
        picture = with_stretch(IconWidget(Icon.EXIT, ink="second"), 1)
        choices = Row(self._leave, self._stay)
        QVBoxLayout(self).addWidget(Column(picture, self._title, self._body, choices))
        self._stay.clicked.connect(self.back)
        self._leave.clicked.connect(self.confirmed)
        self._timeout = QTimer(self, interval=TIMEOUT_MS, singleShot=True)
        self._timeout.timeout.connect(self.back)

    def retranslate(self, phrases: Phrases) -> None:
        self._title.show_text(phrases["cancel.title"])
        self._body.show_text(phrases["cancel.body"])
        for button in (self._stay, self._leave):
            button.set_label(phrases[f"button.{button.objectName()}"])

    def showEvent(self, event: object) -> None:
        self._timeout.start()

    def hideEvent(self, event: object) -> None:
        self._timeout.stop()
