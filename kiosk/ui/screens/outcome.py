"""OUTCOME: the result as an icon and a sentence, what to do next, and the visit's number."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from kiosk.china_time import china_date
from kiosk.codes import Code
from kiosk.events import Finished, Notice, NotPrinted, Print, Show
from kiosk.model import ErasureNote, Outcome, Purpose, Stage, outcome_key
from kiosk.phrases import Phrases
from kiosk.ui.icons import OUTCOMES, Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, Row, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.qr import QrCode

FOR_REVIEW = frozenset(
    {
        Code.CONSENT_REFUSED, Code.VISIT_NEEDS_CLERK, Code.WAY_ATTEST, Code.WAY_CLERK, Code.CARD_UNDER_AGE,
        Code.CARD_CHILD, Code.CARD_NUMBER_IRREGULAR, Code.CARD_PORTRAIT_PHOTOGRAPHED, Code.FACE_UNCERTAIN,
        Code.FACE_NOT_LIVE, Code.LIGHT_UNCLEAR, Code.LIGHT_UNSEEN, Code.LIGHT_DECLINED,
    }
)  # fmt: skip
"""Refusals that signed-in staff could have decided on the spot: the screen says how to sign in."""


TIMED_OUT = frozenset({Code.VISIT_TIMEOUT, Code.VISIT_ABANDONED, Code.VISIT_HELP_TIMEOUT})
"""After these one touch begins again, with the language, way and pace that were chosen."""


class OutcomeScreen(Screen):
    stage = Stage.OUTCOME
    cancellable = False
    dismissable = True
    again = Signal(str)
    """Purpose of a new visit: a person who has a credential already renews it, or sets a new password."""

    def __init__(self) -> None:
        super().__init__()
        self._outcome: Outcome | None = None
        self._code, self._visit, self._purpose = Code.OK, "", Purpose.OPEN
        self._look_up = ""  # address of the page that shows the state of the request; empty: there is none
        self._unprinted = Code.OK
        self._erasure: ErasureNote | None = None
        self._picture = IconWidget(Icon.EXIT, disc=True)
        self._title, self._body = FittedLabel("title"), FittedLabel("body")
        self._next = FittedLabel("body", ink="soft")
        self._number, self._qr = FittedLabel("body", bold=True), QrCode()
        self._clerk = FittedLabel("tiny", ink="soft")
        purposes = (Purpose.RENEW, Purpose.NEW_PASSWORD)
        self._offers = {p: Button(p.value, "second").with_height(1.5) for p in purposes}
        for purpose, offer in self._offers.items():
            offer.clicked.connect(lambda _=False, purpose=purpose: self.again.emit(purpose.value))
        self._restart = Button("restart", "primary").with_height(1.5)
        self._restart.clicked.connect(lambda: self.again.emit(self._purpose.value))
        texts = Column(1, with_stretch(self._picture, 4), self._title, self._body, self._next, 1)
        number = TwoPanes(Row(1, self._qr, 1, equal=False), self._number, tall=(0, 0), wide=(2, 3))
        lower = Column(1, self._restart, *self._offers.values(), number, self._clerk, 1)
        QVBoxLayout(self).addWidget(TwoPanes(texts, lower))

    def enter(self, show: Show) -> None:
        self._code = show.code
        self._show_result()
        outcome = self._outcome.value if self._outcome else ""
        self.changed.emit("-".join(part for part in (outcome, show.code.value) if part))

    def handle_notice(self, notice: Notice) -> None:
        match notice:
            case Print():
                slip = notice.slip
                self._outcome, self._code, self._visit = slip.outcome, slip.code, slip.id
                self._look_up, self._purpose = slip.qr_content, slip.purpose
                self._erasure = slip.erasure
            case Finished():
                self._outcome, self._code, self._visit = notice.outcome, notice.code, notice.visit
                self._purpose = notice.purpose
            case NotPrinted():
                self._unprinted = notice.code
            case _:
                return
        self._show_result()
        self.rearranged.emit()

    def leave(self) -> None:
        self._outcome, self._code, self._visit, self._look_up = None, Code.OK, "", ""
        self._unprinted, self._purpose, self._erasure = Code.OK, Purpose.OPEN, None
        self._show_result()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._restart.set_label(phrases["button.restart"])
        for purpose, offer in self._offers.items():
            offer.set_label(phrases[f"button.{purpose.value}"], phrases[f"button.{purpose.value}_note"])
        self._show_result()

    @property
    def _open_already(self) -> bool:
        """Whether the person has a credential: nothing went wrong, and two things can be done now."""
        return self._outcome is Outcome.REFUSED and self._code is Code.PERSON_ALREADY_OPEN

    def _show_result(self) -> None:
        icon, ink = OUTCOMES[self._outcome] if self._outcome else (Icon.EXIT, "second")
        if self._open_already:
            icon, ink, key, reason = Icon.CHECK, "second", "outcome.already_open", ""
        else:
            key = f"outcome.{outcome_key(self._outcome, self._purpose)}" if self._outcome else "stage.outcome"
            reason = self.phrases.customer_end(self._code)
        self._picture.show_icon(icon, ink)
        self._title.show_text(self.phrases[f"{key}.title"])
        self._body.show_text(reason or self.phrases[f"{key}.body"])
        self._next.show_text(self._next_text(key))
        self._restart.setVisible(self._outcome is Outcome.ABANDONED and self._code in TIMED_OUT)
        for offer in self._offers.values():
            offer.setVisible(self._open_already)
        self._show_number()
        self._show_clerk()

    def _next_text(self, key: str) -> str:
        """Return what to do next; after an erasure what stays until when, for there may be no slip."""
        unprinted, note = self.phrases.customer(self._unprinted), self._erasure
        if note is None:
            return unprinted or self.phrases[f"{key}.next"]
        dates = (("evidence", note.evidence_until_unix), ("guard", note.guard_until_unix))
        stays = [f"{self.phrases[f'slip.erased_{name}']} {china_date(until)}" for name, until in dates]
        return "\n".join([*stays, unprinted or self.phrases["stage.outcome.body"]])

    def _show_number(self) -> None:
        """Show the visit's number and its QR code.

        After a visit that the person ended there is nothing to look up.
        """
        number = "" if self._outcome in (None, Outcome.ABANDONED) else self._visit
        lines = [self.phrases["general.number"], number.replace("-", "\N{NON-BREAKING HYPHEN}")]
        lines += [self.phrases["general.look_up"]] if self._look_up else []
        self._number.show_text("\n".join(lines) if number else "")
        self._qr.encode(self._look_up if number else "")

    def _show_clerk(self) -> None:
        """Say what the clerk should do, where something was refused or referred to them."""
        if self._outcome not in (Outcome.REFUSED, Outcome.REFERRED) or self._code is Code.OK:
            self._clerk.show_text("")
            return
        text = f"{self.phrases['general.clerk']}: {self.phrases.clerk(self._code)} [{self._code.value}]"
        how = f"\n{self.phrases['review.how_in']}" if self._code in FOR_REVIEW else ""
        self._clerk.show_text(text + how)
