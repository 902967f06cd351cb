"""Number, then PIN, on the keypad. What is typed is held no longer than it takes to check it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.entry import Entry
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.keypad import Keypad
from kiosk.ui.widgets.words import Words

LENGTH = 6
"""Digits of a number and of a PIN, as central makes them."""


class SignIn(QWidget):
    """`tried` tells number and PIN, once both are typed; `left`: not now."""

    tried = Signal(str, str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.phrases = load()
        self._number = ""
        self._state = Code.OK
        self._title, self._body = Words("title"), Words("small", ink="soft")
        self._entry, self._reason, self.keypad = Entry(), Reason(), Keypad()
        self._leave = Button("staff_leave", "plain")
        picture = stretched(IconWidget(Icon.CLERK, ink="second"), 1)
        upper = Column(picture, self._title, self._entry, self._reason, self._body, self._leave)
        QVBoxLayout(self).addWidget(Split(upper, stretched(self.keypad, 1)))
        self.keypad.digit.connect(self._add)
        self.keypad.delete.connect(self._delete)
        self.keypad.go_on.connect(self._go_on)
        self._leave.clicked.connect(self.left)

    @property
    def blank(self) -> bool:
        """Nothing that was typed is held."""
        return not self._number and not self._entry.text

    def begin(self, state: Code, code: Code = Code.OK) -> None:
        """Ask for the number. `state`: why nobody can sign in at all; `code`: why the last try failed."""
        self._state = state
        self._number = ""
        self.keypad.setEnabled(state is not Code.STAFF_NONE)
        self._ask()
        self._tell(code if code is not Code.OK else state)

    def wait(self) -> None:
        """The PIN is being checked."""
        self.keypad.setEnabled(False)
        self._title.say(self.phrases["staff.checking"])

    def speak(self, phrases: Phrases) -> None:
        self.phrases = phrases
        self.keypad.speak(phrases)
        self._reason.speak(phrases)
        self._leave.say(phrases["staff.leave"])
        self._ask()

    def _ask(self) -> None:
        asked = "pin" if self._number else "number"
        title = self.phrases[f"staff.{asked}_title"]
        self._title.say(title)
        self._entry.ask(title, (LENGTH,), secret=bool(self._number))
        nobody = self._state is Code.STAFF_NONE
        self._body.say(self.phrases["staff.provision" if nobody else f"staff.{asked}_body"])

    def _tell(self, code: Code) -> None:
        self._reason.give_clerk(self.phrases, code)

    def _add(self, character: str) -> None:
        self._tell(Code.OK)
        self._entry.add(character)

    def _delete(self) -> None:
        if self._entry.text or not self._number:
            self._entry.delete()
        else:
            self._number = ""
            self._ask()

    def _go_on(self) -> None:
        text = self._entry.text
        if not text:
            return
        if self._number:
            number, self._number = self._number, ""
            self._entry.clear()
            self.tried.emit(number, text)
        else:
            self._number = text
            self._ask()
