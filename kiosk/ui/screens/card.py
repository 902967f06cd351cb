"""CARD: where the card goes."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.words import Words


class CardScreen(Screen):
    stage = Stage.CARD
    step = 0

    def __init__(self) -> None:
        super().__init__()
        self._guardian = False  # a child's card was read before
        self._title = Words("title")
        self._body = Words("body")
        self._reason = Reason()
        self._next = Words("small", ink="soft")
        words = Column(1, self._title, self._body, self._reason, 1, self._next)
        picture = stretched(IconWidget(Icon.CARD_ON_READER), 1)
        QVBoxLayout(self).addWidget(Split(picture, words, tall=(3, 2)))

    def enter(self, show: Show) -> None:
        self._guardian = show.guardian
        self._write()
        self._reason.give(self.phrases, show.code, show.tries_left)
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._next.say(phrases["stage.card.next"])
        self._reason.speak(phrases)
        self._write()

    def _write(self) -> None:
        place = "guardian.card_" if self._guardian else "stage.card."
        self._title.say(self.phrases[f"{place}title"])
        self._body.say(self.phrases[f"{place}body"])
