"""A member of staff proves who decides: number, then PIN. Nothing that was typed stays."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.events import AskSignature, Signs
from kiosk.model import Role
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Split, stretched
from kiosk.ui.widgets.entry import Entry
from kiosk.ui.widgets.keypad import Keypad
from kiosk.ui.widgets.note import Note
from kiosk.ui.widgets.words import Words

NUMBER = (3, 3)
PIN = (6,)
"""How many digits central gives, and how they stand together."""


class SignaturePage(QWidget):
    """`signed` carries a `Signs`. What is said here is for staff, so faults are told in the clerk's words."""

    signed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._phrases = load()
        self._role, self._number, self._code = Role.CLERK, "", Code.OK
        self._title, self._body = Words("title"), Words("small", ink="soft")
        self._label = Words("body", bold=True)
        self._fault = Note(Icon.ATTENTION, role="small")
        self._entry, self._keypad = Entry(), Keypad()
        upper = Column(1, self._title, self._body, self._label, self._entry, self._fault, 1)
        QVBoxLayout(self).addWidget(Split(upper, stretched(self._keypad, 1)))
        self._keypad.digit.connect(self._entry.add)
        self._keypad.delete.connect(self._delete)
        self._keypad.go_on.connect(self._go_on)

    @property
    def blank(self) -> bool:
        return not self._entry.text

    def ask(self, order: AskSignature) -> None:
        """Begin; the number of who is signed in need not be typed."""
        self._role, self._code, self._number = order.role, order.code, order.clerk
        self._turn()

    def clear(self) -> None:
        self._number, self._code = "", Code.OK
        self._turn()

    def speak(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._keypad.speak(phrases)
        self._write()

    def _turn(self) -> None:
        groups = PIN if self._number else NUMBER
        name = self._phrases["review.pin" if self._number else "review.number"]
        self._entry.ask(name, groups, secret=bool(self._number))
        self._write()

    def _write(self) -> None:
        phrases = self._phrases
        self._title.say(phrases[f"review.{self._role.value}_title"])
        self._body.say(phrases[f"review.{self._role.value}_body"])
        number = phrases["review.number"]
        self._label.say(f"{number} {self._number} · {phrases['review.pin']}" if self._number else number)
        self._fault.say(phrases.clerk(self._code))

    def _delete(self) -> None:
        """On an empty PIN, back to the number: somebody else may sign."""
        if self._entry.text or not self._number:
            self._entry.delete()
        else:
            self._number = ""
            self._turn()

    def _go_on(self) -> None:
        text = self._entry.text
        if len(text) != 6:
            return
        if not self._number:
            self._number, self._code = text, Code.OK
            self._turn()
            return
        number, self._number = self._number, ""
        self._entry.clear()
        self.signed.emit(Signs(number, text))
