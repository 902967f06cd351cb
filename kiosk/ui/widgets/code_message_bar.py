"""Message that explains a code: why the screen is shown again, and how many tries are left."""

from kiosk.codes import Code
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.message_bar import MessageBar


class CodeMessageBar(MessageBar):
    """Hidden while the code is OK."""

    def __init__(self, *, keep: bool = False) -> None:
        super().__init__(Icon.ATTENTION, keep=keep)
        self._code, self._tries_left = Code.OK, 0
        self._ended = self._for_staff = False

    def show_code(self, phrases: Phrases, code: Code, tries_left: int = 0) -> None:
        """Explain `code` to the customer."""
        self._code, self._tries_left = code, tries_left
        self.retranslate(phrases)

    def show_end(self, phrases: Phrases, code: Code) -> None:
        """Explain `code` to a customer who can do no more about it."""
        self._ended = True
        self.show_code(phrases, code)

    def show_code_for_staff(self, phrases: Phrases, code: Code) -> None:
        """Explain `code` in the words for staff."""
        self._for_staff = True
        self.show_code(phrases, code)

    def retranslate(self, phrases: Phrases) -> None:
        if self._for_staff:
            self.show_message(phrases.clerk(self._code), Icon.ATTENTION)
            return
        tries = phrases.tries_left(self._tries_left) if self._code is not Code.OK else ""
        space = " " if phrases.script == "Latn" and tries else ""
        sentence = (phrases.customer_end if self._ended else phrases.customer)(self._code)
        self.show_message(sentence + space + tries, Icon.ATTENTION)
