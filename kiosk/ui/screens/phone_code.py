"""PHONE_CODE: the one-time code that was sent to the mobile number is typed.

First it says that a message is being sent; the notice `ShowPhoneCode` opens the keypad.
"""

import math
import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import (
    Notice,
    PhoneChangeWanted,
    PhoneCodeSkipped,
    PhoneCodeTyped,
    PhoneCodeWanted,
    Show,
    ShowPhoneCode,
)
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.keypad import Keypad

LENGTH = 6


class PhoneCodeScreen(Screen):
    stage = Stage.PHONE_CODE

    def __init__(self) -> None:
        super().__init__()
        self._page: ShowPhoneCode | None = None  # None: a message is being sent
        self._checking = False
        self._title, self._body = FittedLabel("title"), FittedLabel("small", ink="soft")
        self._entry, self._reason, self._keypad = DigitInput(), CodeMessageBar(), Keypad()
        self._again = Button("phone_code_again", "plain")
        self._change = Button("phone_code_change", "plain")
        self._skip = Button("phone_code_skip", "second")
        choices = Column(Row(self._again, self._change), self._skip)
        upper = Column(1, self._title, self._body, self._entry, self._reason, 1, choices)
        QVBoxLayout(self).addWidget(TwoPanes(upper, with_stretch(self._keypad, 1)))
        self._keypad.digit.connect(self._add_digit)
        self._keypad.delete.connect(self._entry.delete)
        self._keypad.go_on.connect(self._go_on)
        self._again.clicked.connect(lambda: self.posted.emit(PhoneCodeWanted()))
        self._change.clicked.connect(lambda: self.posted.emit(PhoneChangeWanted()))
        self._skip.clicked.connect(lambda: self.posted.emit(PhoneCodeSkipped()))
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._show_again)

    @property
    def blank(self) -> bool:
        """Whether nothing personal is held."""
        return self._page is None and not self._entry.text

    def enter(self, show: Show) -> None:
        super().enter(show)
        self.forget()
        self._reason.show_code(self.phrases, show.code, show.tries_left)
        self.changed.emit("sending" if show.code is Code.OK else show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        if not isinstance(notice, ShowPhoneCode):
            return
        self._page = notice
        self._entry.start(self.phrases["stage.phone_code.title"], (3, 3), secret=False)
        self._clock.start()
        self._show_texts()
        self.changed.emit("type")

    def leave(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._page, self._checking = None, False
        self._clock.stop()
        self._entry.clear()
        self._reason.show_code(self.phrases, Code.OK)
        self._show_texts()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._keypad.retranslate(phrases)
        self._reason.retranslate(phrases)
        for button in (self._change, self._skip):
            button.set_label(phrases[f"button.{button.objectName()}"])
        self._show_texts()

    def _show_texts(self) -> None:
        page, phrases = self._page, self.phrases
        title = phrases["stage.phone_code.title" if page else "phone_code.sending_title"]
        self._title.show_text(title)
        if page is None:
            self._body.show_text(phrases["phone_code.sending_body"])
        elif self._checking:
            self._body.show_text(phrases["phone_code.checking"])
        else:
            sent_to = f"{phrases['phone_code.sent_to']} {page.phone_end}"
            self._body.show_text("" if self._reason.text else sent_to)
        for part in (self._entry, self._keypad):
            part.setVisible(page is not None)
        usable = page is not None and not self._checking
        self._change.setVisible(usable)
        self._skip.setVisible(usable and page is not None and page.may_skip)
        self._show_again()

    def _show_again(self) -> None:
        """Show when another message can be asked for, second by second."""
        page = self._page
        self._again.setVisible(page is not None and page.again_at is not None and not self._checking)
        if page is None or page.again_at is None:
            return
        left = max(0, math.ceil(page.again_at - time.monotonic()))
        note = f"{left} {self.phrases['phone_code.again_in']}" if left else ""
        self._again.set_label(self.phrases["button.phone_code_again"], note)
        self._again.setEnabled(not left)

    def _add_digit(self, character: str) -> None:
        if self._page is not None and not self._checking:
            self._reason.show_code(self.phrases, Code.OK)
            self._show_texts()
            self._entry.add(character)

    def _go_on(self) -> None:
        """Post the code if it is complete."""
        if self._page is None or self._checking or len(self._entry.text) != LENGTH:
            return
        self._checking = True
        self._show_texts()
        self.posted.emit(PhoneCodeTyped(self._entry.text))
        self.changed.emit("checking")
