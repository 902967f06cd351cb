"""CONFIRM: what is going to happen to the credential, and the question once more."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Cancelled, Confirmed, Show
from kiosk.model import Purpose, Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import ANSWER_HEIGHT, Button
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget


class ConfirmScreen(Screen):
    """Yes and no have one size and their sides, as in `ConsentScreen`."""

    stage = Stage.CONFIRM

    def __init__(self) -> None:
        super().__init__()
        self._purpose, self._guardian = Purpose.END, False
        picture = with_stretch(IconWidget(Icon.ATTENTION), 1)
        self._title, self._body = FittedLabel("title"), FittedLabel("body")
        self._after, self._next = FittedLabel("body", ink="soft"), FittedLabel("small", ink="soft")
        self._yes = Button("confirm", "primary").with_height(ANSWER_HEIGHT)
        self._no = Button("keep", "second").with_height(ANSWER_HEIGHT)
        self._yes.clicked.connect(lambda: self.posted.emit(Confirmed()))
        self._no.clicked.connect(lambda: self.posted.emit(Cancelled()))
        texts = Column(1, self._title, self._body, self._after, self._next, 1)
        panes = with_stretch(TwoPanes(picture, texts, tall=(1, 2), wide=(1, 2)), 1)
        QVBoxLayout(self).addWidget(Column(panes, Row(self._no, self._yes)))

    def enter(self, show: Show) -> None:
        if not show.purpose.has_phone:
            self._purpose = show.purpose
        self._guardian = show.guardian
        self._show_texts()
        self.changed.emit(show.purpose.value)

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._show_texts()

    def _show_texts(self) -> None:
        phrases, key = self.phrases, f"confirm.{self._purpose.value}"
        self._title.show_text(phrases[f"{key}_child" if self._guardian else f"{key}_title"])
        self._body.show_text(phrases[f"{key}_body"])
        self._after.show_text(phrases[f"{key}_after"])
        self._next.show_text(phrases["stage.confirm.next"])
        self._yes.set_label(phrases[f"{key}_yes"])
        self._no.set_label(phrases["button.keep"])
