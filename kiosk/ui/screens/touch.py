"""TOUCH: the digits on the screen, to be typed as they stand."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import DigitsTyped, Notice, Show, ShowDigits
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.entry import Entry
from kiosk.ui.widgets.keypad import Keypad
from kiosk.ui.widgets.words import Words


class TouchScreen(Screen):
    stage = Stage.TOUCH
    step = 3
    changeable = True

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._title, self._body = Words("title"), Words("small", ink="soft")
        self._digits = Words("hero", ink="primary", bold=True)
        self._entry, self._reason, self._keypad = Entry(), Reason(), Keypad()
        self._next = Words("small", ink="soft")
        asked = Column(self._title, self._body, 1, self._digits, self._entry, self._reason, 1, self._next)
        QVBoxLayout(self).addWidget(Split(asked, stretched(self._keypad, 1)))
        self._keypad.digit.connect(self._add)
        self._keypad.delete.connect(self._entry.delete)
        self._keypad.go_on.connect(self._send)

    def enter(self, show: Show) -> None:
        self._clear()
        self._reason.give(self.phrases, show.code, show.tries_left)
        self._say_body()
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, ShowDigits):
            self._count = len(notice.digits)
            self._digits.say(" ".join(map(str, notice.digits)))
            self._entry.ask(self.phrases["stage.touch.title"], (self._count,), secret=False)
            self.changed.emit("digits")

    def leave(self) -> None:
        self._clear()

    def forget(self) -> None:
        self._clear()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.touch.title"])
        self._keypad.speak(phrases)
        self._reason.speak(phrases)
        self._say_body()

    def _say_body(self) -> None:
        """A reason takes its place: one thing at a time."""
        told = bool(self._reason.text)
        self._body.say("" if told else self.phrases["stage.touch.body"])
        self._next.say("" if told else self.phrases["stage.touch.next"])

    def _clear(self) -> None:
        self._count = 0
        self._digits.say("")
        self._entry.clear()

    def _add(self, character: str) -> None:
        if self._count:
            self._reason.give(self.phrases, Code.OK)
            self._say_body()
            self._entry.add(character)

    def _send(self) -> None:
        """Only what is complete; a finger that slipped off the last key costs no try."""
        if self._count and len(self._entry.text) == self._count:
            digits = tuple(int(character) for character in self._entry.text)
            self._entry.clear()
            self.posted.emit(DigitsTyped(digits))
