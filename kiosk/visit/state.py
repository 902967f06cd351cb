"""State of one visit: what is known so far, which stage it is in, how it changes stage and how it ends.

The handlers of events live in `stages/`, one module a stage, as functions of a state and an event.
"""

from typing import Any

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    Challenge,
    Device,
    ErasureNote,
    FaceSeen,
    Outcome,
    Purpose,
    Review,
    Slip,
    Stage,
    Step,
    StreamSeen,
    Verdict,
    VerdictAnswer,
    Way,
    outcome_key,
)
from kiosk.visit.code_entry import CodeEntry
from kiosk.visit.head_turns import HeadTurns
from kiosk.visit.help import Help
from kiosk.visit.policy import VisitPolicy
from kiosk.visit.reading import Reading
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.shown_light import ShownLight
from kiosk.visit.steps import step_at
from kiosk.visit.transitions import TRANSITIONS

Orders = list[e.Order]

CARD_CODES = frozenset({Code.CARD_UNDER_AGE, Code.CARD_CHILD, Code.CARD_NUMBER_IRREGULAR})
"""Approved for the card that was read, which is not read again after that; all else for a face."""

ASKED = frozenset(
    {
        Stage.CONSENT,
        Stage.CARD,
        Stage.GUARDIAN,
        Stage.PHONE,
        Stage.PHONE_CODE,
        Stage.CONFIRM,
        Stage.PORTRAIT,
        Stage.FACE,
        Stage.REVIEW,
    }
)
"""Before one of these ends for want of time, the person is asked whether they need more.

Before a camera only if nothing is in its picture: a question would cover what people look at.
"""

OFFER_FACTOR = 3
"""How much longer the last screen stays where there is something to choose on it."""


def _prompt(outcome: Outcome, purpose: Purpose, code: Code) -> str:
    """What is spoken at the end; where "a.b" has no clip of its own, the clip "a" is played."""
    if outcome is Outcome.ABANDONED:
        return "goodbye"
    if code is Code.PERSON_ALREADY_OPEN and purpose is Purpose.OPEN:
        return "refused.already_open"
    key = outcome_key(outcome, purpose)
    return outcome.value if key == outcome.value else f"{outcome.value}.{key}"


class Hint:
    """The hint of the newest looked-at frames, and the one that is shown."""

    def __init__(self, said_at: float = float("-inf")) -> None:
        """`said_at`: when a hint was last spoken, or as if one had been."""
        self.code = Code.OK
        self.frames = 0  # in a row with this hint
        self.since = 0.0  # when the newest frames' hint began
        self.shown: Code | None = None
        self.said_at = said_at


class VisitState:
    """State of a visit. Knows no clock: `at` is the time of the event that is being handled."""

    def __init__(
        self,
        policy: VisitPolicy,
        *,
        terminal: str = "",
        place: str = "",
        operator: str = "",
        simulated: bool = False,
        look_up: str = "",
        keep_days: int = 0,
    ) -> None:
        """`look_up`: address before the visit's number; all after `policy` is for the slip."""
        self.limits = policy.limits
        self.thresholds = policy.thresholds
        self.review_settings = policy.review
        self.reading_s = policy.reading_s
        self.stage = Stage.IDLE
        self.at = 0.0
        self.deadline: float | None = None
        self.limit_s = 0.0  # of the present stage …
        self.entered_at = 0.0  # … when it began, …
        self.ends = 0.0  # … when it ends, …
        self.asked = False  # … and whether the person was asked for the time they need
        self.over = False
        self.verdicts: list[Verdict] = []
        self.outcome = Outcome.ABANDONED
        self.code = Code.OK
        self.ended_in = Stage.IDLE
        self.step: Step | None = None  # where the visit is, as the person sees it
        self.began: e.Began | None = None
        self.way = Way.VOICE
        self.ways: set[Way] = set()  # that were tried
        self.declined = False  # no consent to face recognition; is a clerk there?
        self.consent: e.Agreed | None = None
        self.card: e.CardRead | None = None  # of the person before the camera
        self.child: e.CardRead | None = None  # for whom that person applies, if for a child
        self.guardian: e.GuardianAgreed | None = None
        self.typed: e.Typed | None = None
        self.has_password = False  # one was typed, for the card that was read
        self.confirmed = False  # what is to be done, where nothing is typed
        self.code_entry: CodeEntry | None = None  # of the one-time code for the number that was typed
        self.code_requests = 0
        self.credential: str | None = None
        self.erasure: ErasureNote | None = None
        self.hint = Hint()
        self.reference = False  # the card's portrait is ready to be compared with
        self.photographed = False  # … and is a photograph of the print
        self.track = 0  # of the face that matched, or may yet
        self.uncertain = False  # … may yet: it is judged once more after the challenge
        self.face_at = 0.0  # when a face was last seen
        self.compared: FaceSeen | None = None  # the newest frame, since there is something to compare it with
        self.reading: Reading | None = None
        self.turning: HeadTurns | None = None
        self.light: ShownLight | None = None  # of the challenge under way
        self.challenge: Challenge | None = None  # of the touch and the clerk's way
        self.typing_at = 0.0
        self.typed_right = False  # the digits; what is missing is only enough light
        self.stream: StreamSeen | None = None  # as the newest looked-at frame had it
        self.typing_seen: list[FaceSeen] = []
        self.review_case: ReviewCase | None = None
        self.reviews: list[Review] = []
        self.overruled: set[Code] = set()
        self.recognised = False  # this track is of the face that a clerk was asked about
        self.gain = Code.OK  # what the clerk was shown last about the microphone
        self.retry = Code.OK  # why the digits are asked for again
        self.slowed = False  # asked for more time, or needed it
        self.light_declined = False  # the person asked for a screen that keeps its colour
        self.help: Help | None = None  # the visit waits for the clerk who was called
        self.helps = 0  # how often it has
        self.given_up = 0  # faces and challenges that were given up for help
        self.ringing = False  # the clerk was called and has not come yet
        self.called_at_end = False  # … from the last screen, which the visit does not leave for that
        self.stored = False  # the request is on disk, and central has not answered it
        self.gone: dict[Device, Code] = {}
        self.prompts_due = 0  # "digits" prompts that were ordered and are not over
        self._tries = dict.fromkeys(self._tries_allowed(), 0)
        self._slip_facts: dict[str, Any] = {
            "terminal": terminal,
            "place": place,
            "operator": operator,
            "simulated": simulated,
        }
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
    def told(self) -> bool:
        """Whether the person typed or confirmed what the purpose needs."""
        return self.confirmed or self.typed is not None

    @property
    def unhurried(self) -> bool:
        """Whether digits stay longer: chosen at the beginning, asked for later, or needed in a try before."""
        return self.slowed or bool(self.began and self.began.unhurried)

    def sense_failure(self) -> Code | None:
        """Return why nobody can be seen or heard; None: what this way needs works."""
        return next((self.gone[device] for device in self.senses if device in self.gone), None)

    @property
    def senses(self) -> tuple[Device, ...]:
        """Devices that the face and the challenge of this way are perceived with."""
        return (Device.CAMERA, Device.MICROPHONE) if self.way is Way.VOICE else (Device.CAMERA,)

    def choose(self, way: Way) -> None:
        self.way = way
        self.ways.add(way)

    def passes(self, verdict: Verdict) -> bool:
        """Return whether the rule passed, or a clerk overruled this code for this very card and face."""
        if verdict.answer is VerdictAnswer.PASS:
            return True
        return verdict.code in self.overruled and (self.recognised or verdict.code in CARD_CODES)

    def forget_other_approvals(self) -> None:
        """Drop what a clerk approved before for a face that is not this one."""
        if not self.recognised:
            self.overruled &= CARD_CODES

    # ── stages and tries ─────────────────────────────────────────────────────────────────────────

    def go(self, stage: Stage, limit_s: float, code: Code = Code.OK) -> e.Show:
        """Change to `stage`, or begin it again. Raises AssertionError if it may not follow."""
        if stage not in TRANSITIONS[self.stage]:
            raise AssertionError(f"{self.stage} may not be followed by {stage}")
        self.stage = stage
        self.limit_s, self.entered_at = limit_s * self._pace_of(stage), self.at
        self.step = step_at(stage, guardian=self.guardian is not None) or self.step
        self.end_stage_at(self.at + self.limit_s)
        return self.show(code)

    def _pace_of(self, stage: Stage) -> float:
        """Return what stretches the limit of a stage: the unhurried mode, where customers need the time."""
        return self.slowness if stage not in (Stage.SUBMIT, Stage.REVIEW) else 1.0

    @property
    def slowness(self) -> float:
        """How much longer everything takes that people read, do and hear: 1 outside the unhurried mode."""
        return self.limits.pace.unhurried_limits_factor if self.unhurried else 1.0

    def consent_s(self, kind: str = "") -> float:
        """Return how long a consent text stays: as long as slow readers need. Of `kind`, or of the way's."""
        kind = kind or ("clerk" if self.way is Way.CLERK else "face")
        return max(self.limits.consent_s, self.reading_s.get(kind, 0.0))

    def end_stage_at(self, ends: float) -> None:
        """Let the stage end then; where people read and type they are asked before that."""
        lead_s = self.limits.time.ask_s
        self.ends, self.asked = ends, False
        asks = self.stage in ASKED and round(ends - self.at, 3) >= 2 * lead_s
        self.deadline = ends - lead_s if asks else ends

    @property
    def will_ask(self) -> bool:
        """Whether the deadline is that of the question, and not the end of the stage."""
        return (
            self.help is None
            and self.stage in ASKED
            and self.deadline is not None
            and self.deadline < self.ends
        )

    def show(self, code: Code = Code.OK) -> e.Show:
        """Return the order to show the present stage again, in the time that is left."""
        tries, guarded = self.tries_left(self.stage), self.guardian is not None
        return e.Show(
            stage=self.stage,
            code=code,
            tries_left=tries,
            until=self.ends,
            way=self.way,
            guardian=guarded,
            purpose=self.purpose,
            has_password=self.has_password,
            step=self.step,
            outcome=self.outcome if self.stage is Stage.OUTCOME else None,
        )

    def _tries_allowed(self) -> dict[Stage, int]:
        return {
            Stage.CARD: self.limits.card.tries,
            Stage.PORTRAIT: self.limits.portrait.tries,
            Stage.FACE: self.limits.face.tries,
            Stage.DIGITS: self.limits.digits.tries,
            Stage.HEAD: self.limits.head.tries,
            Stage.TOUCH: self.limits.touch.tries,
        }

    def tries_left(self, stage: Stage) -> int:
        return max(0, self._tries_allowed().get(stage, 0) - self.tries_spent(stage))

    def tries_spent(self, stage: Stage) -> int:
        return self._tries.get(stage, 0)

    def spend(self, stage: Stage) -> bool:
        """Count one try; return False if it was the last."""
        self._tries[stage] += 1
        return self.tries_left(stage) > 0

    def reset_tries(self, stage: Stage) -> None:
        """Give all tries again: another person begins there."""
        self._tries[stage] = 0

    def grant_try(self, stage: Stage) -> None:
        """Grant one try where none is left, as a clerk decided."""
        self._tries[stage] = min(self._tries[stage], self._tries_allowed()[stage] - 1)

    # ── ending ───────────────────────────────────────────────────────────────────────────────────

    def end(self, outcome: Outcome, code: Code) -> Orders:
        """Change to the last screen; everything personal but what the slip needs is dropped."""
        self.outcome, self.code = outcome, code
        if self.stage is not Stage.OUTCOME:
            self.ended_in = self.stage
        self.card = self.child = self.typed = self.help = self.code_entry = None
        dropped: Orders = [e.DropKey()] if self.review_case is not None else []
        self.reading = self.turning = self.light = self.challenge = self.review_case = None
        offered = code is Code.PERSON_ALREADY_OPEN and self.purpose is Purpose.OPEN
        show = self.go(Stage.OUTCOME, self.limits.outcome_s * (OFFER_FACTOR if offered else 1), code)
        quiet: Orders = [e.StopListening(), e.Unwatch(), e.IgnoreCard()]
        return [*dropped, *quiet, e.Print(self._slip()), show, e.Say(_prompt(outcome, self.purpose, code))]

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
            erasure=self.erasure,
            stored=self.stored,
            picture=self.consent is not None and self.consent.picture,
            **self._slip_facts,
        )
