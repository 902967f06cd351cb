"""IDLE: what the terminal is for, and two buttons of equal size: the usual way, or another."""

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from kiosk.events import Began, Show
from kiosk.model import Purpose, Stage, Way
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.visit_number import new_visit_number


class IdleScreen(Screen):
    stage = Stage.IDLE
    cancellable = False
    other_way = Signal()
    """Another way than the voice is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._body = FittedLabel("hero"), FittedLabel("body")
        self._next, self._choice = FittedLabel("small", ink="soft"), FittedLabel("small", ink="soft")
        self._begin = Button("begin", "primary", role="title").with_height(1.5)
        self._other = Button("other_way", "second", role="title").with_height(1.5)
        self._unhurried = Button("begin_unhurried", "plain").with_height(1.2)
        picture = with_stretch(IconWidget(Icon.CARD_AND_PHONE), 1)
        texts = Column(picture, self._title, self._body, self._next)
        choices = Column(1, self._begin, self._other, self._choice, self._unhurried, 1)
        QVBoxLayout(self).addWidget(TwoPanes(texts, choices, tall=(5, 4)))
        self._begin.clicked.connect(lambda: self.start(Way.VOICE))
        self._unhurried.clicked.connect(lambda: self.start(Way.VOICE, unhurried=True))
        self._other.clicked.connect(self.other_way)

    def enter(self, show: Show) -> None:
        self.changed.emit("")

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.idle.title"])
        self._body.show_text(phrases["stage.idle.body"])
        self._next.show_text(phrases["stage.idle.next"])
        self._choice.show_text(phrases["stage.idle.choice"])
        for button in (self._begin, self._other, self._unhurried):
            key = f"button.{button.objectName()}"
            button.set_label(phrases[key], phrases[f"{key}_note"])

    def start(self, way: Way, *, unhurried: bool = False, purpose: Purpose = Purpose.OPEN) -> None:
        """Begin a visit with a new number."""
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
