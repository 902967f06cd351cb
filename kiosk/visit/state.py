"""The course of one visit: what is known so far, the stage it is in, and how it moves and ends.

The answers to events live beside this file, one stage a module, as functions of a course and an event.
"""

from typing import Any

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    Answer,
    Challenge,
    Device,
    FaceSeen,
    Outcome,
    Purpose,
    Review,
    Slip,
    Stage,
    StreamSeen,
    Verdict,
    Way,
    outcome_key,
)
from kiosk.settings import ReviewSettings, VisitSettings
from kiosk.visit.head_turns import HeadTurns
from kiosk.visit.reading import Reading
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.transitions import TRANSITIONS

Orders = list[e.Order]

NOBODY = ReviewSettings()
"""Without settings of the review nothing can be overruled."""

OF_THE_CARD = frozenset({Code.CARD_UNDER_AGE, Code.CARD_CHILD})
"""Approved for the card that was read, which is not read again after that; all else for a face."""


OFFERED = 3
"""Times as long does the last screen stay where there is something to choose on it."""


def _prompt(outcome: Outcome, purpose: Purpose, code: Code) -> str:
    """What is said at the end; what has no clip of its own is said as the part before the dot."""
    if outcome is Outcome.ABANDONED:
        return "goodbye"
    if code is Code.PERSON_ALREADY_OPEN and purpose is Purpose.OPEN:
        return "refused.already_open"
    told = outcome_key(outcome, purpose)
    return outcome.value if told == outcome.value else f"{outcome.value}.{told}"


class Hint:
    """The hint of the newest looked-at frames, and the one that the person was told."""

    def __init__(self, said_at: float = float("-inf")) -> None:
        """`said_at`: as if one had been spoken then."""
        self.code = Code.OK
        self.seen = 0  # frames in a row
        self.since = 0.0  # the newest frames' hint began
        self.told: Code | None = None
        self.said_at = said_at


class VisitState:
    """State, moving and ending. Knows no clock: `at` is the time of the event that is being answered."""

    def __init__(
        self,
        limits: VisitSettings,
        desk: ReviewSettings = NOBODY,
        *,
        terminal: str = "",
        place: str = "",
        simulated: bool = False,
        look_up: str = "",
        keep_days: int = 0,
    ) -> None:
        """`look_up`: address before the visit's number; all after `limits` is for the slip."""
        self.limits = limits
        self.desk = desk
        self.stage = Stage.IDLE
        self.at = 0.0
        self.deadline: float | None = None
        self.over = False
        self.verdicts: list[Verdict] = []
        self.outcome = Outcome.ABANDONED
        self.code = Code.OK
        self.ended_in = Stage.IDLE
        self.began: e.Began | None = None
        self.way = Way.VOICE
        self.ways: set[Way] = set()  # that were tried
        self.declined = False  # no consent to face recognition; is a clerk there?
        self.consent: e.Agreed | None = None
        self.card: e.CardRead | None = None  # of who stands before the camera
        self.child: e.CardRead | None = None  # for whom that person applies, if for a child
        self.guardian: e.GuardianAgreed | None = None
        self.typed: e.Typed | None = None
        self.credential: str | None = None
        self.hint = Hint()
        self.reference = False  # the card's portrait is ready to be compared with
        self.photographed = False  # … and is a photograph of the print
        self.track = 0  # of the face that matched
        self.face_at = 0.0  # a face was last seen
        self.compared: FaceSeen | None = None  # the newest frame, since there is something to compare it with
        self.reading: Reading | None = None
        self.turning: HeadTurns | None = None
        self.challenge: Challenge | None = None  # of the touch and the clerk's way
        self.typing_at = 0.0
        self.stream: StreamSeen | None = None  # as the newest looked-at frame had it
        self.typing_seen: list[FaceSeen] = []
        self.case: ReviewCase | None = None
        self.reviews: list[Review] = []
        self.overruled: set[Code] = set()
        self.recognised = False  # this track is of the face that a clerk was asked about
        self.gain = Code.OK  # what the clerk was told last of the microphone
        self.retry = Code.OK  # why the digits are asked for again
        self.slowed = False  # asked for more time, or needed it
        self.light_declined = False  # the person asked for a screen that keeps its colour
        self.promised = False  # the request is on disk
        self.gone: dict[Device, Code] = {}
        self.prompts_due = 0  # "digits" prompts that were ordered and are not over
        self._tries = dict.fromkeys(self._tries_allowed(), 0)
        self._slip_facts: dict[str, Any] = {"terminal": terminal, "place": place, "simulated": simulated}
        self._look_up, self._keep_days = look_up, keep_days

    @property
    def number(self) -> str:
        """The visit's number; empty before it began."""
        return self.began.visit if self.began else ""

    @property
    def purpose(self) -> Purpose:
        """What the visit was begun for; no event changes it."""
        return self.began.purpose if self.began else Purpose.OPEN

    @property
    def unhurried(self) -> bool:
        """Digits stay longer: chosen at the beginning, asked for on the way, or needed in a try before."""
        return self.slowed or bool(self.began and self.began.unhurried)

    def gone_sense(self) -> Code | None:
        """Why nobody can be seen or heard, if so."""
        return self.gone.get(Device.CAMERA) or self.gone.get(Device.MICROPHONE)

    def choose(self, way: Way) -> None:
        self.way = way
        self.ways.add(way)

    def passes(self, verdict: Verdict) -> bool:
        """By the rule, or because a clerk overruled this very code, for this very card and face."""
        if verdict.answer is Answer.PASS:
            return True
        return verdict.code in self.overruled and (self.recognised or verdict.code in OF_THE_CARD)

    def set_apart(self) -> None:
        """A clerk is asked anew: what was approved before for a face that is not this one counts no more."""
        if not self.recognised:
            self.overruled &= OF_THE_CARD

    # ── moving ───────────────────────────────────────────────────────────────────────────────────

    def go(self, stage: Stage, limit_s: float, code: Code = Code.OK) -> e.Show:
        """HeadMove to `stage`, or begin it again. Raises AssertionError if it may not follow."""
        if stage not in TRANSITIONS[self.stage]:
            raise AssertionError(f"{self.stage} may not be followed by {stage}")
        self.stage = stage
        self.deadline = self.at + limit_s
        return self.show(code)

    def show(self, code: Code = Code.OK) -> e.Show:
        """The present stage once more, in the time that is left."""
        tries, guarded = self.tries_left(self.stage), self.guardian is not None
        return e.Show(self.stage, code, tries, self.deadline, self.way, guarded)

    def _tries_allowed(self) -> dict[Stage, int]:
        return {
            Stage.CARD: self.limits.card_tries,
            Stage.PORTRAIT: self.limits.portrait_tries,
            Stage.FACE: self.limits.face_tries,
            Stage.DIGITS: self.limits.digits_tries,
            Stage.HEAD: self.limits.head_tries,
            Stage.TOUCH: self.limits.touch_tries,
        }

    def tries_left(self, stage: Stage) -> int:
        return max(0, self._tries_allowed().get(stage, 0) - self.tries_spent(stage))

    def tries_spent(self, stage: Stage) -> int:
        return self._tries.get(stage, 0)

    def spend(self, stage: Stage) -> bool:
        """One try is gone; False if it was the last."""
        self._tries[stage] += 1
        return self.tries_left(stage) > 0

    def afresh(self, stage: Stage) -> None:
        """Another person begins there."""
        self._tries[stage] = 0

    def one_more(self, stage: Stage) -> None:
        """A clerk grants a try where none is left."""
        self._tries[stage] = min(self._tries[stage], self._tries_allowed()[stage] - 1)

    # ── ending ───────────────────────────────────────────────────────────────────────────────────

    def end(self, outcome: Outcome, code: Code) -> Orders:
        """To the last screen: everything personal but the slip's facts is dropped."""
        self.outcome, self.code = outcome, code
        if self.stage is not Stage.OUTCOME:
            self.ended_in = self.stage
        self.card = self.child = self.typed = None
        self.reading = self.turning = self.challenge = self.case = None
        offered = code is Code.PERSON_ALREADY_OPEN and self.purpose is Purpose.OPEN
        show = self.go(Stage.OUTCOME, self.limits.outcome_s * (OFFERED if offered else 1), code)
        quiet: Orders = [e.StopListening(), e.Unwatch(), e.IgnoreCard()]
        return [*quiet, e.Print(self._slip()), show, e.Say(_prompt(outcome, self.purpose, code))]

    def _slip(self) -> Slip:
        assert self.began is not None
        consent = self.consent or self.began
        return Slip(
            id=self.number,
            outcome=self.outcome,
            code=self.code,
            at_unix=self.began.at_unix,
            credential=self.credential,
            language=consent.language,
            look_up=f"{self._look_up}{self.number}" if self._look_up else "",
            keep_days=self._keep_days,
            purpose=self.purpose,
            **self._slip_facts,
        )
