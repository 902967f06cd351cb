"""Sign-in of staff: number, then PIN, on the keypad. What is typed is held only until it is submitted."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.model import Language
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.keypad import Keypad

LENGTH = 6
"""Digits of a staff number and of a PIN, as central issues them."""


class SignInPage(QWidget):
    """Emits `submitted` with number and PIN once both are typed, `cancelled` on the button for that."""

    submitted = Signal(str, str)
    cancelled = Signal()
    language_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.phrases = load()
        self._number = ""
        self._state = Code.OK
        self._title, self._body = FittedLabel("title"), FittedLabel("small", ink="soft")
        self._entry, self._reason, self.keypad = DigitInput(), CodeMessageBar(), Keypad()
        self._leave = Button("staff_leave", "plain")
        self._languages = {language: _language_button(language) for language in Language}
        for language, button in self._languages.items():
            button.clicked.connect(lambda _=False, language=language: self.language_chosen.emit(language))
        picture = with_stretch(IconWidget(Icon.CLERK, ink="second"), 1)
        upper = Column(
            Row(*self._languages.values()),
            picture,
            self._title,
            self._entry,
            self._reason,
            self._body,
            self._leave,
        )
        QVBoxLayout(self).addWidget(TwoPanes(upper, with_stretch(self.keypad, 1)))
        self.keypad.digit.connect(self._add_digit)
        self.keypad.delete.connect(self._delete_digit)
        self.keypad.go_on.connect(self._submit)
        self._leave.clicked.connect(self.cancelled)

    @property
    def blank(self) -> bool:
        """Whether nothing that was typed is held."""
        return not self._number and not self._entry.text

    def start(self, state: Code, code: Code = Code.OK) -> None:
        """Ask for the number. `state`: why nobody can sign in at all; `code`: why the last attempt failed."""
        self._state = state
        self._number = ""
        self.keypad.setEnabled(state is not Code.STAFF_NONE)
        self._ask()
        self._reason.show_code_for_staff(self.phrases, code if code is not Code.OK else state)

    def show_checking(self) -> None:
        """Say that the PIN is being checked, and take no input meanwhile."""
        self.keypad.setEnabled(False)
        self._title.show_text(self.phrases["staff.checking"])

    def retranslate(self, phrases: Phrases) -> None:
        self.phrases = phrases
        self.keypad.retranslate(phrases)
        for language, button in self._languages.items():
            button.setChecked(language == phrases.language)
        self._reason.retranslate(phrases)
        self._leave.set_label(phrases["staff.leave"])
        self._ask()

    def _ask(self) -> None:
        """Ask for the number, or for the PIN if the number is known."""
        asked = "pin" if self._number else "number"
        title = self.phrases[f"staff.{asked}_title"]
        self._title.show_text(title)
        self._entry.start(title, (LENGTH,), secret=bool(self._number))
        nobody = self._state is Code.STAFF_NONE
        self._body.show_text(self.phrases["staff.provision" if nobody else f"staff.{asked}_body"])

    def _add_digit(self, character: str) -> None:
        self._reason.show_code_for_staff(self.phrases, Code.OK)
        self._entry.add(character)

    def _delete_digit(self) -> None:
        """Delete a digit; on an empty PIN, go back to the number."""
        if self._entry.text or not self._number:
            self._entry.delete()
        else:
            self._number = ""
            self._ask()

    def _submit(self) -> None:
        text = self._entry.text
        if not text:
            return
        if self._number:
            number, self._number = self._number, ""
            self._entry.clear()
            self.submitted.emit(number, text)
        else:
            self._number = text
            self._ask()


def _language_button(language: Language) -> Button:
    button = Button(f"staff_language_{language.name.lower()}", "plain", role="small")
    button.set_label(load(language)["language.name"])
    button.setCheckable(True)
    return button
