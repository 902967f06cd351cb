"""TOUCH: digits on the screen, to be typed on the keypad in the same order."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import DigitsTyped, Notice, Show, ShowDigits
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.lit_screen import LitScreen
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.keypad import Keypad


class TouchScreen(LitScreen):
    stage = Stage.TOUCH
    changeable = True

    def __init__(self, *, light: bool = True) -> None:
        super().__init__(light=light)
        self._count = 0
        self._title, self._body = FittedLabel("title"), FittedLabel("small")
        self._digits = FittedLabel("hero", ink="primary", bold=True)
        self._entry, self._reason, self._keypad = DigitInput(), CodeMessageBar(), Keypad()
        self._next = FittedLabel("small")
        task = Column(
            self._title, self._body, 1, self._digits, self._entry, self._reason, 1, self._next, self.steady
        )
        QVBoxLayout(self).addWidget(TwoPanes(task, with_stretch(self._keypad, 1)))
        self._keypad.digit.connect(self._add_digit)
        self._keypad.delete.connect(self._entry.delete)
        self._keypad.go_on.connect(self._submit)

    def enter(self, show: Show) -> None:
        super().enter(show)
        self._clear()
        self.begin_light()
        self._reason.show_code(self.phrases, show.code, show.tries_left)
        self.show_body()
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        super().handle_notice(notice)
        if isinstance(notice, ShowDigits):
            self._count = len(notice.digits)
            self._digits.show_text(" ".join(map(str, notice.digits)))
            self._entry.start(self.phrases["stage.touch.title"], (self._count,), secret=False)
            self.changed.emit("digits")

    def leave(self) -> None:
        super().leave()
        self._clear()

    def forget(self) -> None:
        super().forget()
        self._clear()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.touch.title"])
        self._keypad.retranslate(phrases)
        self._reason.retranslate(phrases)
        self.show_body()

    def show_body(self) -> None:
        """Show the instruction, but not beside a reason: one message at a time."""
        reason = bool(self._reason.text)
        body = "touch.light_body" if self.light_wanted else "stage.touch.body"
        self._body.show_text("" if reason else self.phrases[body])
        tall = self.theme.portrait  # a wide screen has no room for the step after
        self._next.show_text(self.next_line() if tall and not reason else "")

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.show_body()

    def _clear(self) -> None:
        self._count = 0
        self._digits.show_text("")
        self._entry.clear()

    def _add_digit(self, character: str) -> None:
        if self._count:
            self._reason.show_code(self.phrases, Code.OK)
            self.show_body()
            self._entry.add(character)

    def _submit(self) -> None:
        """Post the digits if they are complete; a finger that slipped off the last key costs no try."""
        if self._count and len(self._entry.text) == self._count:
            digits = tuple(int(character) for character in self._entry.text)
            self._clear()
            self._next.show_text(self.phrases["touch.wait"])  # until enough of the light was seen
            self.posted.emit(DigitsTyped(digits))
