"""OUTCOME: what came of it, in a picture and a sentence; what to do next; the number to ask with."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Dismissed, Finished, Notice, NotPrinted, Print, Show
from kiosk.model import Outcome, Stage
from kiosk.ui.phrases import Phrases
from kiosk.ui.screens.base import Column, Row, Screen, Split, stretched
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.drawings import OUTCOMES, Picture, door
from kiosk.ui.widgets.qr import QrCode
from kiosk.ui.widgets.words import Words

_FOR_CLERK = (Outcome.REFUSED, Outcome.REFERRED)


class OutcomeScreen(Screen):
    stage = Stage.OUTCOME
    step = 4
    cancellable = False

    def __init__(self) -> None:
        super().__init__()
        self._look_up = ""  # address of the page that tells how it stands
        self._outcome: Outcome | None = None
        self._code, self._visit = Code.OK, ""
        self._unprinted = Code.OK
        self._picture = Picture(door, disc=True)
        self._title, self._body, self._next = Words("title"), Words("body"), Words("body", ink="soft")
        self._number, self._qr = Words("body", bold=True), QrCode()
        self._clerk = Words("tiny", ink="soft")
        self._dismiss = Button("dismiss", "primary").grow(1.3)
        self._dismiss.clicked.connect(lambda: self.posted.emit(Dismissed()))
        told = Column(1, stretched(self._picture, 4), self._title, self._body, self._next, 1)
        number = Split(Row(1, self._qr, 1, equal=False), self._number, tall=(0, 0), wide=(2, 3))
        kept = Column(1, number, self._clerk, 1, self._dismiss)
        QVBoxLayout(self).addWidget(Split(told, kept))

    def enter(self, show: Show) -> None:
        self._code = show.code
        self._write()
        self._dismiss.rest()  # a touch that was meant for the screen before does not take this one away
        outcome = self._outcome.value if self._outcome else ""
        self.changed.emit("-".join(part for part in (outcome, show.code.value) if part))

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, Print):
            slip = notice.slip
            self._outcome, self._code, self._visit = slip.outcome, slip.code, slip.id
            self._look_up = slip.look_up
        elif isinstance(notice, Finished):
            self._outcome, self._code, self._visit = notice.outcome, notice.code, notice.visit
        elif isinstance(notice, NotPrinted):
            self._unprinted = notice.code
        else:
            return
        self._write()

    def leave(self) -> None:
        self._outcome, self._code, self._visit, self._look_up = None, Code.OK, "", ""
        self._unprinted = Code.OK
        self._write()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._dismiss.say(phrases["button.dismiss"])
        self._write()

    def _write(self) -> None:
        place = f"outcome.{self._outcome.value}" if self._outcome else "stage.outcome"
        drawing, ink = OUTCOMES[self._outcome] if self._outcome else (door, "second")
        self._picture.show_drawing(drawing, ink)
        self._title.say(self.phrases[f"{place}.title"])
        self._body.say(self.phrases.customer(self._code) or self.phrases[f"{place}.body"])
        self._next.say(self.phrases.customer(self._unprinted) or self.phrases[f"{place}.next"])
        self._write_number()
        self._clerk.say(self._for_clerk())

    def _write_number(self) -> None:
        """Where nothing was opened by the person's own wish, there is nothing to look up."""
        number = "" if self._outcome in (None, Outcome.ABANDONED) else self._visit
        unbroken = number.replace("-", "\N{NON-BREAKING HYPHEN}")
        self._number.say(f"{self.phrases['general.number']}\n{unbroken}" if number else "")
        self._qr.encode((self._look_up or number) if number else "")

    def _for_clerk(self) -> str:
        if self._outcome not in _FOR_CLERK or self._code is Code.OK:
            return ""
        return f"{self.phrases['general.clerk']}: {self.phrases.clerk(self._code)} [{self._code.value}]"
