"""What a clerk decides on: both pictures side by side, the checks in words, a decision and its reason."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.events import Decided, ShowCase
from kiosk.model import Decision, ReviewReason, allowed_reasons
from kiosk.phrases import Phrases, load
from kiosk.ports import Feeds
from kiosk.ui.screens.base import Column, Row, Split, stretched
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.photo import Photo
from kiosk.ui.widgets.words import Words

TITLES = {Code.WAY_CLERK: "clerk_way_title", Code.WAY_ATTEST: "attest_title", Code.CARD_CHILD: "child_title"}


class CasePage(QWidget):
    """`decided` carries a `Decided`."""

    decided = Signal(object)

    def __init__(self, feeds: Feeds) -> None:
        super().__init__()
        self._pair = feeds.pair
        self._phrases = load()
        self._case: ShowCase | None = None
        self._decision = Decision.APPROVE
        self._title, self._why = Words("title"), Words("small", ink="soft")
        self._portrait, self._live = Photo(), Photo()
        self._photos = stretched(Row(self._portrait, self._live), 1)
        self._findings = Words("body", centred=False)
        self._second = Words("small", ink="soft")
        self._choices = {decision: _button(decision) for decision in Decision}
        self._reasons = {reason: Button(f"reason_{reason.value}", "plain") for reason in ReviewReason}
        self._back = Button("back_to_case", "plain", role="small")
        self._pages = QStackedWidget()
        approve, again, refuse = self._choices.values()
        decide = Column(1, self._findings, self._second, approve, Row(refuse, again), 1)
        self._pages.addWidget(decide)
        self._pages.addWidget(self._reason_page())
        self._seen = Column(self._title, self._why, self._photos)
        QVBoxLayout(self).addWidget(Split(self._seen, self._pages, tall=(3, 2), wide=(3, 2)))
        self._connect()

    def _reason_page(self) -> QWidget:
        self._reason_title = Words("body", bold=True)
        room = QWidget()
        self._grid = QGridLayout(room)
        self._grid.setContentsMargins(0, 0, 0, 0)
        return Column(self._reason_title, stretched(room, 1), self._back)

    def _connect(self) -> None:
        self._back.clicked.connect(self._reconsider)
        for decision, button in self._choices.items():
            button.clicked.connect(lambda _=False, decision=decision: self._ask_reason(decision))
        for reason, button in self._reasons.items():
            button.clicked.connect(lambda _=False, reason=reason: self._decide(reason))

    @property
    def blank(self) -> bool:
        """No picture of anybody is held."""
        return self._portrait.blank and self._live.blank

    def show_case(self, case: ShowCase) -> None:
        """Only now, under a signature, are the pictures fetched."""
        self._case = case
        self._pages.setCurrentIndex(0)
        self._seen.show()
        self._photos.setVisible(case.pictures)
        if case.pictures:
            portrait, live = self._pair()
            self._portrait.show_image(portrait)
            self._live.show_image(live)
        self._choices[Decision.APPROVE].setVisible(case.may_approve)
        self._choices[Decision.AGAIN].setVisible(case.may_retry)
        for button in self._choices.values():
            button.rest()
        self._write()

    def clear(self) -> None:
        self._case = None
        self._portrait.clear()
        self._live.clear()
        self._findings.say("")
        self._pages.setCurrentIndex(0)

    def speak(self, phrases: Phrases) -> None:
        self._phrases = phrases
        none = phrases["review.no_picture"]
        self._portrait.speak(phrases["review.portrait"], none)
        self._live.speak(phrases["review.live"], none)
        for decision, button in self._choices.items():
            button.say(phrases[f"button.{decision.value}"])
        for reason, button in self._reasons.items():
            button.say(phrases[f"reason.{reason.value}"])
        self._back.say(phrases["button.back"])
        self._name_decision()
        self._write()

    def fit(self, look: Theme) -> None:
        self._grid.setSpacing(look.px(20))

    def _write(self) -> None:
        case, phrases = self._case, self._phrases
        if case is None:
            return
        self._title.say(phrases[f"review.{TITLES.get(case.code, 'case_title')}"])
        by_clerk = case.code is Code.WAY_CLERK
        body = phrases["review.clerk_way_body"] if by_clerk else phrases.clerk(case.code)
        self._why.say(body)
        self._findings.say("\n".join(self._told(case)))
        self._second.say(phrases["review.second_needed"] if case.second and case.may_approve else "")

    def _name_decision(self) -> None:
        """Above the reasons stands for what they are."""
        chosen, why = self._phrases[f"button.{self._decision.value}"], self._phrases["review.reason_title"]
        self._reason_title.say(f"{chosen} · {why}")

    def _told(self, case: ShowCase) -> list[str]:
        """What did not pass, each on a line; all that did on one: the pictures need the room."""
        colon, comma = (": ", ", ") if self._phrases.script == "Latn" else ("：", "、")
        named = [(self._phrases[f"check.{f.check.value}"], f.band) for f in case.findings]
        others = [f"{name}{colon}{self._phrases[f'band.{band}']}" for name, band in named if band != "passed"]
        passed = [name for name, band in named if band == "passed"]
        return [*others, f"{self._phrases['band.passed']}{colon}{comma.join(passed)}"] if passed else others

    def _ask_reason(self, decision: Decision) -> None:
        self._decision = decision
        for button in self._reasons.values():
            self._grid.removeWidget(button)
            button.setVisible(False)
        code = self._case.code if self._case else Code.OK
        for index, reason in enumerate(allowed_reasons(decision, code)):
            self._grid.addWidget(self._reasons[reason], index // 2, index % 2)
            self._reasons[reason].setVisible(True)
            self._reasons[reason].rest()
        self._name_decision()
        self._seen.hide()  # looked at already; the reasons need the room
        self._pages.setCurrentIndex(1)

    def _reconsider(self) -> None:
        if self._case is not None:
            self.show_case(self._case)

    def _decide(self, reason: ReviewReason) -> None:
        self.decided.emit(Decided(self._decision, reason))


def _button(decision: Decision) -> Button:
    return Button(decision.value, "primary" if decision is Decision.APPROVE else "second")
