"""Page on which a member of staff proves who decides: number, then PIN. Nothing that was typed is kept."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.events import AskSignature, Signs
from kiosk.model import Role
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.keypad import Keypad
from kiosk.ui.widgets.message_bar import MessageBar

LENGTH = 6
NUMBER_GROUPS = (3, 3)
PIN_GROUPS = (6,)
"""Digits of a staff number and a PIN, as central issues them, and how they are grouped on the screen."""


class SignaturePage(QWidget):
    """Asks for a signature. Faults are shown in the sentences for staff."""

    signed = Signal(object)
    """Carries a `Signs`."""

    def __init__(self) -> None:
        super().__init__()
        self._phrases = load()
        self._role, self._number, self._code = Role.CLERK, "", Code.OK
        self._title, self._body = FittedLabel("title"), FittedLabel("small", ink="soft")
        self._label = FittedLabel("body", bold=True)
        self._fault = MessageBar(Icon.ATTENTION, role="small")
        self._entry, self._keypad = DigitInput(), Keypad()
        upper = Column(1, self._title, self._body, self._label, self._entry, self._fault, 1)
        QVBoxLayout(self).addWidget(TwoPanes(upper, with_stretch(self._keypad, 1)))
        self._keypad.digit.connect(self._entry.add)
        self._keypad.delete.connect(self._delete_digit)
        self._keypad.go_on.connect(self._submit)

    @property
    def blank(self) -> bool:
        """Whether nothing that was typed is held."""
        return not self._entry.text

    def start(self, order: AskSignature) -> None:
        """Ask for a signature; the number of a person who is signed in need not be typed."""
        self._role, self._code, self._number = order.role, order.code, order.clerk
        self._ask()

    def clear(self) -> None:
        """Drop what was typed."""
        self._number, self._code = "", Code.OK
        self._ask()

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._keypad.retranslate(phrases)
        self._show_texts()

    def _ask(self) -> None:
        """Ask for the number, or for the PIN if the number is known."""
        name = self._phrases["review.pin" if self._number else "review.number"]
        groups = PIN_GROUPS if self._number else NUMBER_GROUPS
        self._entry.start(name, groups, secret=bool(self._number))
        self._show_texts()

    def _show_texts(self) -> None:
        phrases = self._phrases
        self._title.show_text(phrases[f"review.{self._role.value}_title"])
        self._body.show_text(phrases[f"review.{self._role.value}_body"])
        label = phrases["review.number"]
        if self._number:
            label = f"{label} {self._number} · {phrases['review.pin']}"
        self._label.show_text(label)
        self._fault.show_message(phrases.clerk(self._code))

    def _delete_digit(self) -> None:
        """Delete a digit; on an empty PIN, go back to the number: another person may sign."""
        if self._entry.text or not self._number:
            self._entry.delete()
        else:
            self._number = ""
            self._ask()

    def _submit(self) -> None:
        text = self._entry.text
        if len(text) != LENGTH:
            return
        if not self._number:
            self._number, self._code = text, Code.OK
            self._ask()
            return
        number, self._number = self._number, ""
        self._entry.clear()
        self.signed.emit(Signs(number, text))
