"""Why we are on this screen again, and how many tries are left."""

from kiosk.codes import Code
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.note import Note


class Reason(Note):
    """Hidden when there is none."""

    def __init__(self, *, keep: bool = False) -> None:
        super().__init__(Icon.ATTENTION, keep=keep)
        self._why: tuple[Code, int] = (Code.OK, 0)
        self._for_clerk = False

    def give(self, phrases: Phrases, code: Code, tries_left: int = 0) -> None:
        self._why = (code, tries_left)
        self.speak(phrases)

    def give_clerk(self, phrases: Phrases, code: Code) -> None:
        """The same code in the words for staff."""
        self._for_clerk = True
        self.give(phrases, code)

    def speak(self, phrases: Phrases) -> None:
        code, tries_left = self._why
        if self._for_clerk:
            self.say(phrases.clerk(code), Icon.ATTENTION)
            return
        again = phrases.tries_left(tries_left) if code is not Code.OK else ""
        joint = " " if phrases.script == "Latn" and again else ""
        self.say(phrases.customer(code) + joint + again, Icon.ATTENTION)
