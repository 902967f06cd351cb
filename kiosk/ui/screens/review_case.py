"""Page on which a clerk decides: both pictures, the checks in words, a decision and its reason."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.events import Decided, Finding, ShowCase
from kiosk.model import Decision, ReviewReason, allowed_reasons
from kiosk.phrases import Phrases, load
from kiosk.ports import Feeds
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Column, Row, ThreePanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.photo import Photo

TITLES = {
    Code.WAY_CLERK: "clerk_way_title",
    Code.WAY_ATTEST: "attest_title",
    Code.CARD_CHILD: "child_title",
    Code.CARD_NUMBER_IRREGULAR: "number_title",
}


class CasePage(QWidget):
    """Shows a case, first with the decisions, then with the reasons for the chosen one."""

    decided = Signal(object)
    """Carries a `Decided`."""

    def __init__(self, feeds: Feeds) -> None:
        super().__init__()
        self._pair = feeds.pair
        self._phrases = load()
        self._case: ShowCase | None = None
        self._decision = Decision.APPROVE
        self._title, self._why = FittedLabel("title"), FittedLabel("small", ink="soft")
        self._portrait, self._live = Photo(), Photo()
        self._photos = with_stretch(Row(self._portrait, self._live), 1)
        self._findings = FittedLabel("body", centred=False)
        self._second = FittedLabel("small", ink="soft")
        self._choices = {
            decision: Button(decision.value, "primary" if decision is Decision.APPROVE else "second")
            for decision in Decision
        }
        self._reason_title = FittedLabel("body", bold=True)
        self._reasons = {reason: Button(f"reason_{reason.value}", "plain") for reason in ReviewReason}
        self._back = Button("back_to_case", "plain", role="small")
        self._lay_out()
        self._back.clicked.connect(self._show_decisions)
        for decision, button in self._choices.items():
            button.clicked.connect(lambda _=False, decision=decision: self._ask_reason(decision))
        for reason, button in self._reasons.items():
            button.clicked.connect(
                lambda _=False, reason=reason: self.decided.emit(Decided(self._decision, reason))
            )

    def _lay_out(self) -> None:
        approve, again, refuse = self._choices.values()
        grid = QWidget()
        self._grid = QGridLayout(grid)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for button in (approve, again):  # so that each decision keeps its place when one is missing
            policy = button.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            button.setSizePolicy(policy)
        head, foot = Column(self._title, self._why), Column(1, self._findings, self._second, 1)
        facts = ThreePanes(head, self._photos, foot, tall=1, wide=(3, 2))
        self._pages = QStackedWidget()
        self._pages.addWidget(Column(with_stretch(facts, 1), Row(refuse, again, approve)))
        self._pages.addWidget(Column(self._reason_title, with_stretch(grid, 1), Row(self._back, 1)))
        QVBoxLayout(self).addWidget(self._pages)

    @property
    def blank(self) -> bool:
        """Whether no picture is held."""
        return self._portrait.blank and self._live.blank

    def show_case(self, case: ShowCase) -> None:
        """Show a case. It comes after a signature, and only now are the pictures fetched."""
        self._case = case
        self._pages.setCurrentIndex(0)
        self._photos.setVisible(case.pictures)
        if case.pictures:
            portrait, live = self._pair()
            self._portrait.show_image(portrait)
            self._live.show_image(live)
        self._choices[Decision.APPROVE].setVisible(case.may_approve)
        self._choices[Decision.AGAIN].setVisible(case.may_retry)
        self._show_texts()

    def _show_decisions(self) -> None:
        if self._case is not None:
            self.show_case(self._case)

    def clear(self) -> None:
        """Drop the case and its pictures."""
        self._case = None
        self._portrait.clear()
        self._live.clear()
        self._findings.show_text("")
        self._pages.setCurrentIndex(0)

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        none = phrases["review.no_picture"]
        self._portrait.set_texts(phrases["review.portrait"], none)
        self._live.set_texts(phrases["review.live"], none)
        for decision, button in self._choices.items():
            button.set_label(phrases[f"button.{decision.value}"])
        for reason, button in self._reasons.items():
            button.set_label(phrases[f"reason.{reason.value}"])
        self._back.set_label(phrases["button.back"])
        self._show_reason_title()
        self._show_texts()

    def set_theme(self, theme: Theme) -> None:
        self._grid.setSpacing(theme.px(20))

    def _show_texts(self) -> None:
        case, phrases = self._case, self._phrases
        if case is None:
            return
        self._title.show_text(phrases[f"review.{TITLES.get(case.code, 'case_title')}"])
        by_clerk = case.code is Code.WAY_CLERK
        self._why.show_text(phrases["review.clerk_way_body"] if by_clerk else phrases.clerk(case.code))
        self._findings.show_text(format_findings(case.findings, phrases))
        second = case.second and case.may_approve
        self._second.show_text(phrases["review.second_needed"] if second else "")

    def _show_reason_title(self) -> None:
        decision = self._phrases[f"button.{self._decision.value}"]
        title = self._phrases["review.reason_title"]
        self._reason_title.show_text(f"{decision} · {title}")

    def _ask_reason(self, decision: Decision) -> None:
        """Show the reasons that there are for `decision` in this case."""
        self._decision = decision
        for button in self._reasons.values():
            self._grid.removeWidget(button)
            button.setVisible(False)
        code = self._case.code if self._case else Code.OK
        for index, reason in enumerate(allowed_reasons(decision, code)):
            self._grid.addWidget(self._reasons[reason], index // 2, index % 2)
            self._reasons[reason].setVisible(True)
        self._show_reason_title()
        self._pages.setCurrentIndex(1)


def format_findings(findings: Sequence[Finding], phrases: Phrases) -> str:
    """Return a line for each check that did not pass, and one line for all that did, to save space."""
    colon, comma = (": ", ", ") if phrases.script == "Latn" else ("：", "、")
    lines = [
        f"{phrases[f'check.{finding.check.value}']}{colon}{phrases[f'band.{finding.band}']}"
        for finding in findings
        if finding.band != "passed"
    ]
    passed = [phrases[f"check.{finding.check.value}"] for finding in findings if finding.band == "passed"]
    if passed:
        lines.append(f"{phrases['band.passed']}{colon}{comma.join(passed)}")
    return "\n".join(lines)
