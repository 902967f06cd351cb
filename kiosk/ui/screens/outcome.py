"""OUTCOME: what came of it, in a picture and a sentence; what to do next; the number to ask with."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import Dismissed, Finished, Notice, NotPrinted, Print, Show
from kiosk.model import Outcome, Purpose, Stage, outcome_key
from kiosk.phrases import Phrases
from kiosk.ui.icons import OUTCOMES, Icon
from kiosk.ui.screens.base import Column, Row, Screen, Split, stretched
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.qr import QrCode
from kiosk.ui.widgets.words import Words

FOR_REVIEW = frozenset(
    {
        Code.CONSENT_REFUSED, Code.VISIT_NEEDS_CLERK, Code.WAY_ATTEST, Code.WAY_CLERK, Code.CARD_UNDER_AGE,
        Code.CARD_CHILD, Code.CARD_PORTRAIT_PHOTOGRAPHED, Code.FACE_UNCERTAIN, Code.FACE_NOT_LIVE,
    }
)  # fmt: skip
"""What somebody who is signed in could have decided on the spot: whoever is not is told how to."""
_FOR_CLERK = (Outcome.REFUSED, Outcome.REFERRED)


class OutcomeScreen(Screen):
    stage = Stage.OUTCOME
    step = 4
    cancellable = False
    again = Signal(str)
    """Who has a credential already wants it renewed, or a new password: the purpose of a new visit."""

    def __init__(self) -> None:
        super().__init__()
        self._look_up = ""  # address of the page that tells how it stands
        self._outcome: Outcome | None = None
        self._code, self._visit, self._purpose = Code.OK, "", Purpose.OPEN
        self._unprinted = Code.OK
        self._picture = IconWidget(Icon.EXIT, disc=True)
        self._title, self._body, self._next = Words("title"), Words("body"), Words("body", ink="soft")
        self._number, self._qr = Words("body", bold=True), QrCode()
        self._clerk = Words("tiny", ink="soft")
        self._dismiss = Button("dismiss", "primary").grow(1.3)
        self._dismiss.clicked.connect(lambda: self.posted.emit(Dismissed()))
        self._offers = {p: Button(p.value, "second").grow(1.5) for p in (Purpose.RENEW, Purpose.NEW_PASSWORD)}
        for purpose, offer in self._offers.items():
            offer.clicked.connect(lambda _=False, purpose=purpose: self.again.emit(purpose.value))
        told = Column(1, stretched(self._picture, 4), self._title, self._body, self._next, 1)
        number = Split(Row(1, self._qr, 1, equal=False), self._number, tall=(0, 0), wide=(2, 3))
        kept = Column(1, number, self._clerk, 1, *self._offers.values(), self._dismiss)
        QVBoxLayout(self).addWidget(Split(told, kept))

    def enter(self, show: Show) -> None:
        self._code = show.code
        self._write()
        for button in (self._dismiss, *self._offers.values()):
            button.rest()  # a touch that was meant for the screen before does not take this one away
        outcome = self._outcome.value if self._outcome else ""
        self.changed.emit("-".join(part for part in (outcome, show.code.value) if part))

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, Print):
            slip = notice.slip
            self._outcome, self._code, self._visit = slip.outcome, slip.code, slip.id
            self._look_up, self._purpose = slip.look_up, slip.purpose
        elif isinstance(notice, Finished):
            self._outcome, self._code, self._visit = notice.outcome, notice.code, notice.visit
            self._purpose = notice.purpose
        elif isinstance(notice, NotPrinted):
            self._unprinted = notice.code
        else:
            return
        self._write()

    def leave(self) -> None:
        self._outcome, self._code, self._visit, self._look_up = None, Code.OK, "", ""
        self._unprinted, self._purpose = Code.OK, Purpose.OPEN
        self._write()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._dismiss.say(phrases["button.dismiss"])
        for purpose, offer in self._offers.items():
            offer.say(phrases[f"button.{purpose.value}"], phrases[f"button.{purpose.value}_note"])
        self._write()

    @property
    def _open_already(self) -> bool:
        """Nothing went wrong, and there are two things that can be done now."""
        return self._outcome is Outcome.REFUSED and self._code is Code.PERSON_ALREADY_OPEN

    def _place(self) -> str:
        """Where the catalogue tells about it."""
        if self._open_already:
            return "outcome.already_open"
        return f"outcome.{outcome_key(self._outcome, self._purpose)}" if self._outcome else "stage.outcome"

    def _write(self) -> None:
        place = self._place()
        icon, ink = OUTCOMES[self._outcome] if self._outcome else (Icon.EXIT, "second")
        if self._open_already:
            icon, ink = Icon.CHECK, "second"
        self._picture.show_icon(icon, ink)
        self._title.say(self.phrases[f"{place}.title"])
        reason = "" if self._open_already else self.phrases.customer(self._code)
        self._body.say(reason or self.phrases[f"{place}.body"])
        self._next.say(self.phrases.customer(self._unprinted) or self.phrases[f"{place}.next"])
        for offer in self._offers.values():
            offer.setVisible(self._open_already)
        self._write_number()
        self._clerk.say(self._for_clerk())

    def _write_number(self) -> None:
        """Where nothing was opened by the person's own wish, there is nothing to look up; and the code makes
        room where there is more to choose.
        """
        number = "" if self._outcome in (None, Outcome.ABANDONED) else self._visit
        unbroken = number.replace("-", "\N{NON-BREAKING HYPHEN}")
        coded = bool(number) and not self._open_already
        lines = [self.phrases["general.number"], unbroken]
        lines += [self.phrases["general.look_up"]] if coded and self._look_up else []
        self._number.say("\n".join(lines) if number else "")
        self._qr.encode((self._look_up or number) if coded else "")

    def _for_clerk(self) -> str:
        if self._outcome not in _FOR_CLERK or self._code is Code.OK:
            return ""
        told = f"{self.phrases['general.clerk']}: {self.phrases.clerk(self._code)} [{self._code.value}]"
        return f"{told}\n{self.phrases['review.how_in']}" if self._code in FOR_REVIEW else told
