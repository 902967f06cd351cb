"""REVIEW: the clerk decides; the customer waits."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Show
from kiosk.model import Stage
from kiosk.ui.phrases import Phrases
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.drawings import Picture, clerk
from kiosk.ui.widgets.words import Words


class ReviewScreen(Screen):
    stage = Stage.REVIEW
    step = 3

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = Words("title"), Words("body")
        self._reason, self._next = Reason(), Words("small", ink="soft")
        words = Column(1, self._title, self._body, self._reason, self._next, 1)
        picture = stretched(Picture(clerk, ink="second"), 1)
        QVBoxLayout(self).addWidget(Split(picture, words))

    def enter(self, show: Show) -> None:
        self._reason.give(self.phrases, show.code)
        self.changed.emit(show.code.value)

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.review.title"])
        self._body.say(phrases["stage.review.body"])
        self._next.say(phrases["stage.review.next"])
        self._reason.speak(phrases)
