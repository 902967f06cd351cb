"""SUBMIT: the request is being sent and can no longer be cancelled."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget


class SubmitScreen(Screen):
    stage = Stage.SUBMIT
    cancellable = False
    helpable = False

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("title"), FittedLabel("body")
        self._next = FittedLabel("small", ink="soft")
        texts = Column(1, self._title, self._body, self._next, 1)
        QVBoxLayout(self).addWidget(TwoPanes(with_stretch(IconWidget(Icon.HOURGLASS), 1), texts))

    def enter(self, show: Show) -> None:
        self.changed.emit("")

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.submit.title"])
        self._body.show_text(phrases["stage.submit.body"])
        self._next.show_text(phrases["stage.submit.next"])
