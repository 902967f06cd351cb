"""SUBMIT: the request is on its way; nothing cancels it any more."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.words import Words


class SubmitScreen(Screen):
    stage = Stage.SUBMIT
    step = 4
    cancellable = False

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = Words("title"), Words("body")
        self._next = Words("small", ink="soft")
        words = Column(1, self._title, self._body, self._next, 1)
        picture = stretched(IconWidget(Icon.HOURGLASS), 1)
        QVBoxLayout(self).addWidget(Split(picture, words))

    def enter(self, show: Show) -> None:
        self.changed.emit("")

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.submit.title"])
        self._body.say(phrases["stage.submit.body"])
        self._next.say(phrases["stage.submit.next"])
