"""IDLE: what this is, and two equal ways: the usual one, or another."""

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Began, Show
from kiosk.model import Purpose, Stage, Way
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.words import Words
from kiosk.visit_number import new_visit_number


class IdleScreen(Screen):
    stage = Stage.IDLE
    cancellable = False
    other_way = Signal()
    """Another way than the voice is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._title = Words("hero")
        self._body = Words("body")
        self._next = Words("small", ink="soft")
        self._choice = Words("small", ink="soft")
        self._begin = Button("begin", "primary", role="title").grow(1.5)
        self._other = Button("other_way", "second", role="title").grow(1.5)
        self._unhurried = Button("begin_unhurried", "plain").grow(1.2)
        picture = stretched(IconWidget(Icon.CARD_AND_PHONE), 1)
        words = Column(picture, self._title, self._body, self._next)
        choices = Column(1, self._begin, self._other, self._choice, self._unhurried, 1)
        QVBoxLayout(self).addWidget(Split(words, choices, tall=(5, 4)))
        self._begin.clicked.connect(lambda: self.start(Way.VOICE))
        self._unhurried.clicked.connect(lambda: self.start(Way.VOICE, unhurried=True))
        self._other.clicked.connect(self.other_way)

    def enter(self, show: Show) -> None:
        self.changed.emit("")

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.idle.title"])
        self._body.say(phrases["stage.idle.body"])
        self._next.say(phrases["stage.idle.next"])
        self._choice.say(phrases["stage.idle.choice"])
        for name, button in (
            ("begin", self._begin),
            ("other_way", self._other),
            ("begin_unhurried", self._unhurried),
        ):
            button.say(phrases[f"button.{name}"], phrases[f"button.{name}_note"])

    def start(self, way: Way, *, unhurried: bool = False, purpose: Purpose = Purpose.OPEN) -> None:
        """A visit begins."""
        language = self.phrases.language
        self.posted.emit(
            Began(
                visit=new_visit_number(),
                language=language,
                at_unix=time.time(),
                unhurried=unhurried,
                way=way,
                purpose=purpose,
            )
        )
