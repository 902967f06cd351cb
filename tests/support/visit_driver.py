"""Drives a bare `Visit`: no threads, no devices, times are numbers."""

from msgspec.structs import replace

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.model import (
    ActivationReceipt,
    CardFacts,
    Challenge,
    DigitHeard,
    FaceSeen,
    RequestStatus,
    Slip,
    Stage,
    StreamSeen,
)
from kiosk.settings import ReviewSettings, VisitSettings
from kiosk.visit.policy import NO_REVIEW, VisitPolicy
from kiosk.visit.visit import Visit


def changed(limits: VisitSettings, **tables) -> VisitSettings:
    """`tables`: a dict changes keys of that table, anything else is a value of [visit] itself."""
    new = {k: replace(getattr(limits, k), **v) if isinstance(v, dict) else v for k, v in tables.items()}
    return replace(limits, **new)


LIMITS: VisitSettings = changed(
    settings.load().visit,
    liveness={"required": False},
    light={"mode": "evidence"},  # the driven visit has no light on its face
    lips={"max_chance": 1.0},
)
THRESHOLDS = settings.face_thresholds(settings.load())
NUMBER = "0000-1111-2222-3333"
GOOD_CARD = CardFacts(number_valid=True, birth_agrees=True, days_valid=None, days_since_issue=900, age=66)
SENSOR = StreamSeen(frames=200, fps=25.0, jitter_ms=1.2, noise=1.8)
DIGITS = (3, 1, 4, 1, 5, 9)


def challenge(digits=DIGITS) -> Challenge:
    return Challenge(id="c1", digits=tuple(digits), gaps_s=(1.0,) * len(digits), expires_unix=2e9)


def scores(digit: int | None, sure: float = 3.0) -> tuple[float, ...]:
    """Log scores that favour `digit`; None: "other"."""
    best = 10 if digit is None else digit
    return tuple(0.0 if i == best else -sure for i in range(11))


def policy(limits: VisitSettings = LIMITS, review: ReviewSettings = NO_REVIEW) -> VisitPolicy:
    return VisitPolicy(limits=limits, thresholds=THRESHOLDS, review=review)


def shown_stages(orders) -> list[e.Show]:
    """The stages that a replayed visit showed, in order."""
    return [order for group in orders for order in group if isinstance(order, e.Show)]


class VisitDriver:
    """A visit with its clock and everything it ordered."""

    def __init__(self, limits: VisitSettings = LIMITS) -> None:
        self.visit = Visit(policy(limits), terminal="T", place="P")
        self.at = 100.0
        self.orders: list[e.Order] = []
        self.log: list[tuple[float, e.Event]] = []
        self.seq = 0
        self.face: dict[str, object] = {}  # how every face that is seen differs from the one that matches

    def feed(self, event: e.Event, after: float = 0.1) -> list[e.Order]:
        self.at += after
        self.log.append((self.at, event))
        new = self.visit.feed(event, self.at)
        self.orders += new
        return new

    def time_out(self) -> list[e.Order]:
        """Let the time pass, also that of the question whether more is needed."""
        if self.visit.will_ask:
            self._pass()
        return self._pass()

    def _pass(self) -> list[e.Order]:
        assert self.visit.deadline is not None
        return self.feed(e.TimePassed(), max(0.0, self.visit.deadline - self.at) + 0.001)

    def all(self, kind):
        return [o for o in self.orders if isinstance(o, kind)]

    @property
    def slip(self) -> Slip:
        return self.all(e.Print)[-1].slip

    # ── the usual way, stage by stage ────────────────────────────────────────────────────────────

    def to_card(self) -> "VisitDriver":
        self.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0))
        self.feed(e.Agreed("zh-Hans", "00", picture=True))
        return self

    def to_phone(self) -> "VisitDriver":
        self.to_card().feed(e.CardRead(GOOD_CARD))
        return self

    def to_face(self) -> "VisitDriver":
        self.to_phone().feed(e.Typed(phone="19900000000", password="31415926"))
        return self

    def see(self, after: float = 0.07, **changes) -> list[e.Order]:
        self.seq += 1
        self.at += after
        seen = FaceSeen(
            at=self.at,
            seq=self.seq,
            faces=1,
            good=True,
            frames_good=min(self.seq, 8),
            track=1,
            likeness=0.6,
            likeness_mean=0.62,
            likeness_first=0.8,
            mouth=0.05,
            stream=SENSOR,
        )
        return self.feed(replace(seen, **{**self.face, **changes}), 0.0)

    def to_digits(self) -> "VisitDriver":
        self.to_face().feed(e.ReferenceReady())
        for _ in range(6):
            self.see()
        assert self.visit.stage is Stage.DIGITS
        return self

    def to_ear(self) -> "VisitDriver":
        """The challenge is taken and its prompt is over."""
        self.to_digits().feed(e.ChallengeTaken(challenge()))
        self.feed(e.PromptEnded("digits", self.at))
        return self

    def read(self, answers=DIGITS, *, mouth: bool = True, delay: float = 0.4, **heard) -> "VisitDriver":
        """The prompt ends, every digit is painted, and `answers[i]` is said (None: nothing)."""
        if self.visit.stage is not Stage.DIGITS:
            raise AssertionError(self.visit.stage)
        self.feed(e.ChallengeTaken(challenge()))
        self.feed(e.PromptEnded("digits", self.at))
        for window, answer in enumerate(answers):
            shown = [o for o in self.time_out() if isinstance(o, e.ShowDigit)]
            if not shown:
                break
            painted = self.at
            self.feed(e.DigitShown(window, painted), 0.0)
            began = painted + delay
            while self.at < began + 0.3:
                opened = mouth and answer is not None and self.at > began - 0.1
                self.see(mouth=0.4 if opened else 0.02)
            if answer is None:
                judged = self.feed(DigitHeard(at=self.at, window=window), 0.0)
                if judged:
                    break
                continue
            voice = {"level_dbfs": -25.0, "snr_db": 25.0, "began": began, "ended": began + 0.3} | heard
            self.feed(DigitHeard(at=self.at, window=window, scores=scores(answer), **voice), 0.0)
            if self.visit.stage is not Stage.DIGITS:
                break
        return self

    def to_submit(self) -> "VisitDriver":
        self.to_digits().read()
        assert self.visit.stage is Stage.SUBMIT
        return self

    def receipt(self, status=RequestStatus.ACTIVATED, code=Code.OK, number=NUMBER) -> list[e.Order]:
        return self.feed(
            e.ReceiptArrived(ActivationReceipt(id=number, status=status, code=code, credential="N1"))
        )
