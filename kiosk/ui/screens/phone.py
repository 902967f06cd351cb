"""PHONE: the mobile number, then the credential's password, then that again. What is wrong stays here."""

from typing import NamedTuple

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Show, Typed
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.widgets.entry import Entry
from kiosk.ui.widgets.keypad import Keypad
from kiosk.ui.widgets.words import Words
from kiosk.visit.rules.typed_input import password_fault, phone_fault, repeat_fault


class _Page(NamedTuple):
    name: str
    groups: tuple[int, ...]
    secret: bool


PAGES = (_Page("phone", (3, 4, 4), False), _Page("password", (4, 4), True), _Page("again", (4, 4), True))
OF_GUARDIAN = (("phone", "body"), ("password", "title"))
MISMATCHES = 2
"""So often may the repetition differ; then the password is chosen anew: perhaps it was mistyped first."""


class PhoneScreen(Screen):
    stage = Stage.PHONE
    step = 1

    def __init__(self) -> None:
        super().__init__()
        self._page = 0
        self._typed: list[str] = []
        self._mismatches = 0
        self._guardian = False  # who types applies for a child
        self._title, self._body = Words("title"), Words("body", ink="soft")
        self._next = Words("small", ink="soft")
        self._entry, self._reason, self._keypad = Entry(), Reason(), Keypad()
        upper = Column(1, self._title, self._body, self._entry, self._reason, 1, self._next)
        split = Split(upper, stretched(self._keypad, 1))
        QVBoxLayout(self).addWidget(split)
        self._keypad.digit.connect(self._add)
        self._keypad.delete.connect(self._delete)
        self._keypad.go_on.connect(self._go_on)

    @property
    def blank(self) -> bool:
        """Nothing that was typed is held."""
        return not self._typed and not self._entry.text

    def enter(self, show: Show) -> None:
        self._guardian = show.guardian
        self.forget()
        self._reason.give(self.phrases, show.code, show.tries_left)
        self.changed.emit("phone")

    def leave(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._typed.clear()
        self._mismatches = 0
        self._turn(0)

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._keypad.speak(phrases)
        self._reason.speak(phrases)
        self._write()

    def _turn(self, page: int, fault: Code = Code.OK) -> None:
        """Open a page with an empty entry."""
        self._page = page
        del self._typed[page:]
        chosen = PAGES[page]
        self._entry.ask(self.phrases[f"keypad.{chosen.name}_title"], chosen.groups, secret=chosen.secret)
        self._reason.give(self.phrases, fault)
        self._write()

    def _write(self) -> None:
        name = PAGES[self._page].name
        self._title.say(self.phrases[self._key(name, "title")])
        self._body.say(self.phrases[self._key(name, "body")])
        self._next.say(self.phrases[f"keypad.{name}_next"])

    def _key(self, name: str, part: str) -> str:
        """A child's guardian is told whose number and whose password."""
        own = self._guardian and (name, part) in OF_GUARDIAN
        return f"{'guardian' if own else 'keypad'}.{name}_{part}"

    def _add(self, character: str) -> None:
        self._reason.give(self.phrases, Code.OK)
        self._entry.add(character)

    def _delete(self) -> None:
        """The last character; on an empty entry, back to the page before."""
        if self._entry.text or self._page == 0:
            self._entry.delete()
        else:
            self._turn(self._page - 1)
            self.changed.emit(PAGES[self._page].name)

    def _go_on(self) -> None:
        fault = self._fault()
        if fault is not None:
            self._refuse(fault)
            return
        self._typed.append(self._entry.text)
        if self._page + 1 < len(PAGES):
            self._turn(self._page + 1)
            self.changed.emit(PAGES[self._page].name)
        else:
            self._finish()

    def _fault(self) -> Code | None:
        text = self._entry.text
        if self._page == 0:
            return phone_fault(text)
        if self._page == 1:
            return password_fault(text)
        return repeat_fault(self._typed[1], text)

    def _refuse(self, fault: Code) -> None:
        """Stay, and say why. A phone number may be corrected; a password is typed anew."""
        if fault is Code.PASSWORD_MISMATCH:
            self._mismatches += 1
        if self._mismatches >= MISMATCHES:
            self._mismatches = 0
            self._turn(1, fault)
        elif PAGES[self._page].secret:
            self._turn(self._page, fault)
        else:
            self._reason.give(self.phrases, fault)
        self.changed.emit(f"{PAGES[self._page].name}-{fault.value}")

    def _finish(self) -> None:
        phone, password, _ = self._typed
        self.posted.emit(Typed(phone=phone, password=password))
        self._entry.clear()
