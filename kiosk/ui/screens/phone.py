"""PHONE: a page each for the mobile number, the credential's password and its repetition.

A person who only corrects the number sees only the first page.
What is malformed is refused here and never posted.
"""

from typing import NamedTuple

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Show, Typed
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.keypad import Keypad
from kiosk.visit.rules.typed_input import password_fault, phone_fault, repeat_fault


class _Page(NamedTuple):
    name: str
    groups: tuple[int, ...]
    secret: bool


PAGES = (_Page("phone", (3, 4, 4), False), _Page("password", (4, 4), True), _Page("again", (4, 4), True))
GUARDIAN_TEXTS = (("phone", "body"), ("password", "title"))
"""Texts that say whose number and password are meant when a guardian types for a child."""
MAX_MISMATCHES = 2
"""After so many differing repetitions the password is chosen anew: perhaps it was mistyped the first time."""


class PhoneScreen(Screen):
    stage = Stage.PHONE

    def __init__(self) -> None:
        super().__init__()
        self._page = 0
        self._typed: list[str] = []
        self._mismatches = 0
        self._title, self._body = FittedLabel("title"), FittedLabel("body", ink="soft")
        self._next = FittedLabel("small", ink="soft")
        self._entry, self._reason, self._keypad = DigitInput(), CodeMessageBar(), Keypad()
        upper = Column(1, self._title, self._body, self._entry, self._reason, 1, self._next)
        QVBoxLayout(self).addWidget(TwoPanes(upper, with_stretch(self._keypad, 1)))
        self._keypad.digit.connect(self._add_digit)
        self._keypad.delete.connect(self._delete_digit)
        self._keypad.go_on.connect(self._go_on)

    @property
    def blank(self) -> bool:
        """Whether nothing that was typed is held."""
        return not self._typed and not self._entry.text

    def enter(self, show: Show) -> None:
        super().enter(show)
        self.forget()
        self._reason.show_code(self.phrases, show.code, show.tries_left)
        self.changed.emit("phone")

    def leave(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._typed.clear()
        self._mismatches = 0
        self._show_page(0)

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._keypad.retranslate(phrases)
        self._reason.retranslate(phrases)
        self._show_texts()

    def _show_page(self, index: int, fault: Code = Code.OK) -> None:
        """Show a page with an empty input, and drop what was typed on it and on later pages."""
        self._page = index
        del self._typed[index:]
        page = PAGES[index]
        self._entry.start(self.phrases[f"keypad.{page.name}_title"], page.groups, secret=page.secret)
        self._reason.show_code(self.phrases, fault)
        self._show_texts()
        self.rearranged.emit()

    def _show_texts(self) -> None:
        name = PAGES[self._page].name
        for label, part in ((self._title, "title"), (self._body, "body")):
            own = self.show_order.guardian and (name, part) in GUARDIAN_TEXTS
            label.show_text(self.phrases[f"{'guardian' if own else 'keypad'}.{name}_{part}"])
        has_password = self.show_order.wants_password
        last = not has_password or self._page + 1 == len(PAGES)
        self._next.show_text(self.next_line() if last else self.phrases[f"keypad.{name}_next"])
        if has_password:
            return
        self._title.show_text(self.phrases["keypad.new_phone_title"])
        if not self.show_order.guardian:
            self._body.show_text(self.phrases["keypad.new_phone_body"])

    def _add_digit(self, character: str) -> None:
        self._reason.show_code(self.phrases, Code.OK)
        self._entry.add(character)

    def _delete_digit(self) -> None:
        """Delete a digit; on an empty input, go back to the page before."""
        if self._entry.text or self._page == 0:
            self._entry.delete()
        else:
            self._show_page(self._page - 1)
            self.changed.emit(PAGES[self._page].name)

    def _go_on(self) -> None:
        """Refuse what was typed, show the next page, or post the number and the password."""
        text = self._entry.text
        if self._page == 0:
            fault = phone_fault(text)
        else:
            fault = password_fault(text) if self._page == 1 else repeat_fault(self._typed[1], text)
        if fault is not None:
            self._refuse(fault)
            return
        self._typed.append(text)
        if not self.show_order.wants_password:
            self.posted.emit(Typed(phone=text, password=None))
            self._entry.clear()
        elif self._page + 1 < len(PAGES):
            self._show_page(self._page + 1)
            self.changed.emit(PAGES[self._page].name)
        else:
            phone, password, _ = self._typed
            self.posted.emit(Typed(phone=phone, password=password))
            self._entry.clear()

    def _refuse(self, fault: Code) -> None:
        """Stay on the page and say why. A phone number may be corrected; a password is typed anew."""
        if fault is Code.PASSWORD_MISMATCH:
            self._mismatches += 1
        if self._mismatches >= MAX_MISMATCHES:
            self._mismatches = 0
            self._show_page(1, fault)
        elif PAGES[self._page].secret:
            self._show_page(self._page, fault)
        else:
            self._reason.show_code(self.phrases, fault)
        self.changed.emit(f"{PAGES[self._page].name}-{fault.value}")
