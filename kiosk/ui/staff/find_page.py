"""The staff panel's page that looks up a number which a customer brings, from any terminal."""

from typing import cast

from kiosk.activation.messages import VisitState, VisitStatus
from kiosk.activation.outbox import RequestState, RequestSummary
from kiosk.china_time import format_minute
from kiosk.codes import Code
from kiosk.model import Outcome, Purpose, outcome_key
from kiosk.phrases import Phrases
from kiosk.staff.service import StaffService
from kiosk.ui.icons import Icon
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.staff.paged_list import Tone
from kiosk.ui.staff.staff_page import StaffPage
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import TwoPanes
from kiosk.ui.widgets.digit_input import DigitInput
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.number_pad import NumberPad

GROUPS = (4, 4, 4, 4)
_UNREACHABLE = frozenset({Code.CENTRAL_UNREACHABLE, Code.CENTRAL_FAULT})
_TONES = {
    VisitStatus.ACTIVATED: Tone.GOOD,
    VisitStatus.RUNNING: Tone.WAITING,
    VisitStatus.PENDING: Tone.WAITING,
    VisitStatus.REFUSED: Tone.BAD,
    VisitStatus.LOST: Tone.BAD,
}
_OUTCOMES = {
    VisitStatus.ACTIVATED: Outcome.ACTIVATED,
    VisitStatus.PENDING: Outcome.PENDING,
    VisitStatus.REFUSED: Outcome.REFUSED,
}


class FindPage(StaffPage):
    """The number is typed; then its state stands in its place, until another is asked for."""

    name = "find"

    def __init__(self, service: StaffService, tasks: BackgroundTasks) -> None:
        super().__init__(service, tasks)
        self._go, self._again = Button("staff_find_go", "primary"), Button("staff_find_again", "second")
        self._title, self._entry, self._pad = (
            FittedLabel("small", bold=True),
            DigitInput(),
            NumberPad(self._go),
        )
        self.box.insertWidget(1, TwoPanes(self._title, self._entry, wide=(1, 3)))
        self.box.insertWidget(2, self._pad, 1)
        self.add_buttons(self._again)
        self._pad.character.connect(self._entry.add)
        self._pad.delete.connect(self._entry.delete)
        self._go.clicked.connect(self._find)
        self._again.clicked.connect(self.refresh)

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._pad.retranslate(phrases)
        self._title.show_text(phrases["staff.find_title"])
        self._go.set_label(phrases["staff.find_go"])
        self._again.set_label(phrases["staff.find_again"])

    def refresh(self) -> None:
        """Begin with an empty number."""
        self.list.clear()
        self._result.show_message("")
        self._entry.start(self.phrases["staff.find_title"], GROUPS, secret=False)
        self._show_pad(True)
        self.refreshed.emit()

    def clear(self) -> None:
        super().clear()
        self._entry.clear()

    def _show_pad(self, visible: bool) -> None:
        self._title.setVisible(visible)
        self._entry.setVisible(visible)
        self._pad.setVisible(visible)
        self.list.setVisible(not visible)
        self._again.setVisible(not visible)

    def _find(self) -> None:
        typed = self._entry.text
        if len(typed) < sum(GROUPS):
            self._result.show_message(self.phrases["staff.find_short"], Icon.ATTENTION)
            return
        number = "-".join(typed[i : i + 4] for i in range(0, len(typed), 4))
        self._result.show_message(self.phrases["staff.checking"], Icon.CLOCK)
        self.run_task(
            lambda: self.service.find(number),
            lambda found: self._show(number, cast(RequestSummary | VisitState | None, found)),
        )

    def show_failure(self, code: Code) -> None:
        """Say that central cannot be asked now, or why not."""
        key = "find_busy" if code is Code.CENTRAL_BUSY else ""
        if code in _UNREACHABLE:
            key = "find_offline" if self.service.slips_have_codes else "find_offline_no_code"
        if not key:
            super().show_failure(code)
            return
        self._result.show_message(self.phrases[f"staff.{key}"], Icon.ATTENTION)
        self.refreshed.emit()

    def _show(self, number: str, found: RequestSummary | VisitState | None) -> None:
        self._result.show_message("")
        self._show_pad(False)
        self.list.clear()
        if found is None:
            self.add_row(number, "", self.phrases["staff.find_unknown"])
        elif isinstance(found, RequestSummary):
            below = self.phrases.clerk(found.code or Code.OK)
            tone = Tone.BAD if found.state is RequestState.WEDGED else Tone.WAITING
            self.add_row(number, self.phrases[f"staff.state.{found.state.value}"], below, tone=tone)
        else:
            tone = _TONES[found.status]
            self.add_row(number, self._state(found), self._what_to_do(found), tone=tone)

    def _state(self, found: VisitState) -> str:
        """Return the headline that the customer was shown, or what has become of it since."""
        if found.ended is not None:
            return self.phrases[f"staff.find_{'replaced' if found.ended == 'replaced' else 'revoked'}"]
        outcome = _OUTCOMES.get(found.status)
        if outcome is None:
            return self.phrases[f"staff.find_{found.status.value.lower()}"]
        return self.phrases[f"outcome.{outcome_key(outcome, found.purpose or Purpose.OPEN)}.title"]

    def _what_to_do(self, found: VisitState) -> str:
        if found.status is VisitStatus.LOST:
            return self.phrases["staff.find_lost_next"]
        known = found.code in set(Code)
        parts = [self.phrases.clerk(Code(found.code) if known else Code.EVIDENCE_REFUSED)]
        if found.status is VisitStatus.PENDING and found.recheck_unix is not None:
            parts.append(f"{self.phrases['staff.find_recheck']} {format_minute(found.recheck_unix)}")
        return "  ".join(part for part in parts if part)
