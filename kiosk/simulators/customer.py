"""A simulated customer: sees what the screen asks and answers through camera, microphone, card and touch.

Behaviour is data (`Behaviour`, one table of a scenario file), so a scenario is a few lines of TOML. Nothing
here reaches past the ports: the terminal must see this face, hear this voice and read this card.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
from msgspec import Struct

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import SAMPLE_RATE, HeadMove, Outcome, Purpose, Stage, Way
from kiosk.ports import Samples
from kiosk.simulators.light import ScreenColours

Reading = Literal["right", "wrong", "one_wrong", "silent", "quiet"]
Turning = Literal["right", "wrong", "still"]


TURNED: dict[HeadMove, tuple[float, float]] = {
    HeadMove.LEFT: (26.0, 0.0),
    HeadMove.RIGHT: (-26.0, 0.0),
    HeadMove.UP: (0.0, 21.0),
    HeadMove.DOWN: (0.0, -18.0),
}
"""Degrees to the picture's right, which is the person's left, and upwards."""
POSES_DEG = 6.5
"""Heads are turned in steps of so much: each is computed once (`Head.render`)."""
POSES = tuple(
    (POSES_DEG * round(yaw * share / 4 / POSES_DEG), POSES_DEG * round(pitch * share / 4 / POSES_DEG))
    for yaw, pitch in TURNED.values()
    for share in range(1, 5)
)
"""All of them."""
THERE_S, STAYS_S, BACK_S = 0.35, 0.30, 0.40
"""How long a movement takes: there, a moment, and back."""


LIFT_S = 0.3
"""A card that is lifted too early lies so long: found, but not read."""
PAINT_S = 0.03
"""So long after the order a colour is on the screen."""
READS_S = 1.0
"""At least so long somebody looks at a new page before touching it; its buttons take no touch for 0.7 s."""


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does at the terminal. Times in seconds."""

    face: str = "collins"  # who stands before the camera
    card_of: str = "collins"  # whose portrait is on the card
    child: bool = False  # a child's card comes first, the own one when the guardian's is asked for
    seed: int = 1  # makes the made-up number and name, and this visit's noise
    voice: str = "zf_xiaoyi"
    consent: Literal["agree", "decline"] = "agree"
    picture: bool = True
    card: Literal["good", "lifted_once", "unreadable", "expired", "wrong_number", "none"] = "good"
    phone: str = "19900000000"
    password: str = "31415926"  # noqa: S105 - a made-up one
    readings: tuple[Reading, ...] = ("right",)  # try by try; the last one again for further tries
    way: Way = Way.VOICE
    changes_to: Way | None = None  # another way, chosen when the first challenge has failed
    turnings: tuple[Turning, ...] = ("right",)  # as `readings`, for the head challenge
    leaves_at: Stage | None = None  # walks off when this stage comes
    swaps_at: Stage | None = None  # somebody else steps before the camera then …
    swaps_to: str = "hopper"  # … this one
    again: Purpose = Purpose.OPEN  # who has a credential already wants this done with it
    unhurried: bool = False
    touch_s: float = 0.15  # between two touches
    reaction_s: float = 0.38  # from seeing a digit to speaking
    noise_dbfs: float = -58.0  # of the shop


class TouchDriver(Protocol):
    """The finger on the touch screen; callable from any thread."""

    def press(self, name: str) -> bool: ...

    def type(self, text: str) -> None: ...


class Speaks(Protocol):
    """A voice that can say digits."""

    def say(self, digit: int, take: int | None = None) -> Samples: ...


class Utterance(Struct, frozen=True, eq=False):
    """`samples` that begin to sound at `at`."""

    at: float
    samples: Samples


class Customer:
    """Acts on notices of the terminal. `run` is the work of its own thread."""

    def __init__(
        self, behaviour: Behaviour, hand: TouchDriver | None, voice: Speaks, clock: Callable[[], float]
    ) -> None:
        self.behaviour = behaviour
        self.present = True
        self.card_on_reader = False
        self.card_shown = False  # held before the camera
        self.childs_card = behaviour.child  # is the one that lies on the reader
        self.face = behaviour.face
        self.outcome: Outcome | None = None
        self.light: ScreenColours | None = None  # what shines on the face
        self._hand = hand
        self._voice = voice
        self._clock = clock
        self._spoken: list[Utterance] = []
        self._reading = -1
        self._turning = -1
        self._turned: tuple[float, HeadMove] | None = None
        self._lifted = False
        self._plan: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._random = np.random.default_rng(behaviour.seed)

    # ── what the devices find ────────────────────────────────────────────────────────────────────

    def utterances(self) -> list[Utterance]:
        """All that was, is being and will be said, as far as it is decided."""
        return list(self._spoken)

    def loudness(self, at: float) -> float:
        """How far the mouth is open at `at`, 0…1, in time with the voice."""
        for spoken in reversed(self._spoken):
            offset = int((at - spoken.at) * SAMPLE_RATE)
            if -1600 <= offset < len(spoken.samples) + 1600:
                around = spoken.samples[max(0, offset - 640) : offset + 1280]
                rms = float(np.sqrt(np.mean(around**2))) if len(around) else 0.0
                return min(1.0, 8.0 * rms)
        return 0.0

    def pose(self, at: float) -> tuple[float, float]:
        """Degrees the head is turned to the picture's right, and upwards, at `at`."""
        if self._turned is None:
            return 0.0, 0.0
        began, move = self._turned
        after = at - began
        back = (THERE_S + STAYS_S + BACK_S - after) / BACK_S
        share = min(max(0.0, min(after / THERE_S, 1.0, back)), 1.0)
        yaw, pitch = (POSES_DEG * round(share * degrees / POSES_DEG) for degrees in TURNED[move])
        return yaw, pitch

    # ── what it does ─────────────────────────────────────────────────────────────────────────────

    def see(self, notice: e.Notice) -> None:
        """The screen changed, or the terminal said something."""
        if isinstance(notice, e.Show):
            self._see_stage(notice)
        elif isinstance(notice, e.ShowDigit):
            self._see_digit(notice)
        elif isinstance(notice, e.ShowLight):
            self.light = _plan(notice, self._clock())
        elif isinstance(notice, e.ShowHeadMove):
            self._see_move(notice)
        elif isinstance(notice, e.ShowDigits):
            self._see_digits(notice)
        elif isinstance(notice, e.Print):
            self.outcome = notice.slip.outcome

    def run(self, stop: threading.Event) -> None:
        """Do what is planned, each at its time."""
        while not stop.is_set():
            with self._changed:
                now = self._clock()
                if not self._plan or self._plan[0][0] > now:
                    wait = self._plan[0][0] - now if self._plan else 0.2
                    self._changed.wait(min(wait, 0.2))
                    continue
                _, _, act = heapq.heappop(self._plan)
            act()

    def _later(self, delay_s: float, act: Callable[[], object]) -> None:
        with self._changed:
            heapq.heappush(self._plan, (self._clock() + delay_s, next(self._order), act))
            self._changed.notify()

    def _press(self, delay_s: float, name: str) -> None:
        hand = self._hand
        if hand is not None:
            self._later(delay_s, lambda: hand.press(name))

    def _see_stage(self, show: e.Show) -> None:
        self.light = None
        if self.behaviour.leaves_at is show.stage:
            self.leave()
        if not self.present:
            return
        self.card_shown = show.stage is Stage.PORTRAIT
        self.childs_card = self.childs_card and not show.guardian
        if self.behaviour.swaps_at is show.stage:
            self.face = self.behaviour.swaps_to
        act: Callable[[], object] | None = {
            Stage.IDLE: self._begin,
            Stage.CONSENT: lambda: self._answer_consent(show),
            Stage.CARD: self._put_card,
            Stage.GUARDIAN: lambda: self._press(READS_S, "agree_guardian"),
            Stage.PHONE: self._type,
            Stage.DIGITS: lambda: self._next_reading(show),
            Stage.HEAD: self._next_turning,
            Stage.OUTCOME: lambda: self._take_slip(show),
        }.get(show.stage)
        if act is not None:
            act()

    def leave(self) -> None:
        """Walk off, with the card."""
        self.present = False
        self.card_on_reader = False
        with self._changed:
            self._plan.clear()

    def _begin(self) -> None:
        if self.outcome is not None:
            return
        if self.behaviour.way is Way.VOICE:
            self._press(self.behaviour.touch_s, "begin_unhurried" if self.behaviour.unhurried else "begin")
            return
        self._press(self.behaviour.touch_s, "other_way")
        self._press(self.behaviour.touch_s + READS_S, f"way_{self.behaviour.way.value}")

    def _answer_consent(self, show: e.Show) -> None:
        pause = self.behaviour.touch_s
        if show.way is Way.CLERK:
            self._press(2 * pause, "agree_clerk")
            return
        if self.behaviour.consent == "decline":
            self._press(2 * pause, "decline")
            return
        self._press(2 * pause, "agree")
        self._press(2 * pause + READS_S, "agree_picture" if self.behaviour.picture else "decline_picture")

    def _put_card(self) -> None:
        if self.behaviour.card == "none":
            return

        def lay(lies: bool) -> None:
            self.card_on_reader = lies

        lay(False)
        pause = 3 * self.behaviour.touch_s
        self._later(pause, lambda: lay(True))
        if self.behaviour.card == "lifted_once" and not self._lifted:
            self._lifted = True
            self._later(pause + LIFT_S, lambda: lay(False))

    def _type(self) -> None:
        hand, behaviour = self._hand, self.behaviour
        if hand is None:
            return
        delay = behaviour.touch_s
        for text in (behaviour.phone, behaviour.password, behaviour.password):
            self._later(delay, lambda text=text: hand.type(text))  # type: ignore[misc]
            self._press(delay + behaviour.touch_s, "key_next")
            delay += 3 * behaviour.touch_s

    def _next_reading(self, show: e.Show) -> None:
        self._reading += 1
        other = self.behaviour.changes_to
        if other is not None and show.code is not Code.OK:
            self._press(READS_S, "change_way")
            self._press(2 * READS_S + self.behaviour.touch_s, f"way_{other.value}")

    def _next_turning(self) -> None:
        self._turning += 1
        self._turned = None

    def _take_slip(self, show: e.Show) -> None:
        self.card_on_reader = False
        if show.code is Code.PERSON_ALREADY_OPEN and self.behaviour.again is not Purpose.OPEN:
            self._press(max(6 * self.behaviour.touch_s, READS_S), self.behaviour.again.value)
            return
        self._press(max(6 * self.behaviour.touch_s, READS_S), "dismiss")

    # ── reading aloud ────────────────────────────────────────────────────────────────────────────

    def _see_digit(self, shown: e.ShowDigit) -> None:
        if not self.present:
            return
        readings = self.behaviour.readings
        how = readings[min(max(self._reading, 0), len(readings) - 1)]
        if how == "silent":
            return
        wrong = how == "wrong" or (how == "one_wrong" and shown.window == 0)
        digit = self._other_digit(shown.digit) if wrong else shown.digit
        delay = self.behaviour.reaction_s + 0.1 * float(self._random.random())
        loudness = 0.02 if how == "quiet" else 1.0
        self._spoken.append(Utterance(self._clock() + delay, self._voice.say(digit) * np.float32(loudness)))

    # ── the other ways ───────────────────────────────────────────────────────────────────────────

    def _see_move(self, shown: e.ShowHeadMove) -> None:
        """Turn the head as the arrow says, a moment after it was seen."""
        turnings = self.behaviour.turnings
        how = turnings[min(max(self._turning, 0), len(turnings) - 1)]
        if shown.move is None or how == "still" or not self.present:
            return
        others = [move for move in HeadMove if move is not shown.move]
        move = shown.move if how == "right" else others[int(self._random.integers(len(others)))]
        delay = self.behaviour.reaction_s + 0.1 * float(self._random.random())
        self._turned = (self._clock() + delay, move)

    def _see_digits(self, shown: e.ShowDigits) -> None:
        hand = self._hand
        if hand is None or not self.present:
            return
        self._later(READS_S, lambda: hand.type("".join(map(str, shown.digits))))
        self._press(READS_S + self.behaviour.touch_s, "key_next")

    def _other_digit(self, digit: int) -> int:
        return (digit + 1 + int(self._random.integers(9))) % 10


def _plan(shown: e.ShowLight, now: float) -> ScreenColours:
    """When which colour will be on the screen."""
    times = (now + PAINT_S + step * shown.hold_s for step in range(len(shown.colours)))
    return ScreenColours(tuple(times), shown.colours)
