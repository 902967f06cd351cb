"""Simulated customer: reacts to what the screen shows through camera, microphone, card reader and touch.

Behaviour is data (`CustomerBehaviour`, one table of a scenario file), so a scenario is a few lines of TOML.
A customer uses nothing but the ports: the terminal must see this face, hear this voice and read this card.

Timing: what is planned is done at its time or later, never earlier. A touch that the screen does not take yet
(it is still being painted, or the window rests for the first 0.7 s) is repeated until it is taken or
another screen is shown, so that a visit takes its course on a busy machine, too.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

import numpy as np
from msgspec import Struct

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import SAMPLE_RATE, HeadMove, Outcome, Purpose, Stage, Way
from kiosk.ports import Samples
from kiosk.simulators.light import ScreenColours

DigitResponse = Literal["right", "wrong", "one_wrong", "silent", "quiet"]
"""How the digits of one challenge are read aloud."""
HeadResponse = Literal["right", "wrong", "still"]
"""How the arrows of one head challenge are followed."""

HEAD_POSES_DEG: dict[HeadMove, tuple[float, float]] = {
    HeadMove.LEFT: (26.0, 0.0),
    HeadMove.RIGHT: (-26.0, 0.0),
    HeadMove.UP: (0.0, 21.0),
    HeadMove.DOWN: (0.0, -18.0),
}
"""Yaw to the picture's right, which is the person's left, and pitch upwards, at the end of each movement."""
POSE_STEP_DEG = 6.5
"""Heads are turned in steps of this size: each pose is computed once (`SimulatedHead.render`)."""
POSES = tuple(
    (
        POSE_STEP_DEG * round(yaw * quarter / 4 / POSE_STEP_DEG),
        POSE_STEP_DEG * round(pitch * quarter / 4 / POSE_STEP_DEG),
    )
    for yaw, pitch in HEAD_POSES_DEG.values()
    for quarter in range(1, 5)
)
"""All (yaw, pitch) in degrees that a customer's head takes."""
TURN_S, HOLD_S, RETURN_S = 0.35, 0.30, 0.40
"""Duration of a head movement: towards the target, rest there, back to the middle."""

PAINT_S = 0.03
"""Assumed delay from the order of a colour to the colour on the screen."""
READ_PAGE_S = 1.0
"""Shortest time a person looks at a new page before touching it; the window takes no touch for 0.7 s."""
RETRY_S = 0.1
"""Interval between attempts to touch what does not take the touch yet."""
TOUCH_LIMIT_S = 60.0
"""After this time a touch that was never taken is given up; only a fault of the screen takes as long."""


class CustomerBehaviour(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a customer does at the terminal. Times in seconds."""

    face: str = "collins"  # whose face is before the camera
    card_of: str = "collins"  # whose portrait is on the card
    child: bool = False  # a child's card comes first, the own one when the guardian's is asked for
    seed: int = 1  # makes the made-up number and name, and this visit's noise
    voice: str = "zf_xiaoyi"
    consent: Literal["agree", "decline"] = "agree"
    picture: bool = True
    keeps: bool | None = None  # the answer where the site asks whether a picture may be kept
    card: Literal["good", "lifted_once", "unreadable", "expired", "wrong_number", "none"] = "good"
    phone: str = "19900000000"
    password: str = "31415926"  # noqa: S105 - a made-up one
    code: Literal["right", "wrong_once", "none"] = "right"  # typed from the message; none: goes on without
    readings: tuple[DigitResponse, ...] = ("right",)  # by attempt; the last one is repeated
    way: Way = Way.VOICE
    changes_to: Way | None = None  # another way, chosen when the first challenge has failed
    turnings: tuple[HeadResponse, ...] = ("right",)  # by attempt at the head challenge; as `readings`
    leaves_at: Stage | None = None  # walks off when this stage comes
    swaps_at: Stage | None = None  # when this stage comes, another person steps before the camera …
    swaps_to: str = "hopper"  # … this one
    purpose: Purpose = Purpose.OPEN
    again: Purpose = Purpose.OPEN  # what a person who has a credential already wants done with it
    unhurried: bool = False
    touch_s: float = 0.15  # between two touches
    reaction_s: float = 0.38  # from seeing a digit to speaking
    noise_dbfs: float = -58.0  # of the shop


class TouchDriver(Protocol):
    """Operates the touch screen; callable from any thread."""

    def press(self, name: str) -> bool:
        """Touch the button of this name; False if the screen does not take the touch (yet)."""

    def type(self, text: str) -> bool | None:
        """Touch the keypad; False if a key did not take the touch."""


NewestCode = Callable[[str], str]
"""Returns the one-time code of the newest message to a mobile number; empty if there is none yet."""


class DigitVoice(Protocol):
    """A voice that can say digits."""

    def say(self, digit: int, take: int | None = None) -> Samples:
        """Return (n,) samples at 16 kHz."""


class Utterance(Struct, frozen=True, eq=False):
    """`samples` that begin to sound at `at`."""

    at: float
    samples: Samples


class _PlannedStep(Struct, frozen=True, order=True, kw_only=True):
    """An action due at `at`, planned while screen number `screen` was shown; False: to be repeated."""

    at: float
    number: int  # keeps steps of the same time in order
    screen: int
    act: Callable[[], bool | None]


class Customer:
    """Acts on notices of the terminal. `run` is the work of a thread of its own."""

    def __init__(
        self,
        behaviour: CustomerBehaviour,
        *,
        touch: TouchDriver | None,
        voice: DigitVoice,
        clock: Callable[[], float],
        newest_code: NewestCode = lambda _: "",
    ) -> None:
        """Without `touch` the screen is operated by somebody else. `newest_code`: looks at the phone."""
        self.behaviour = behaviour
        self.present = True
        self.card_on_reader = False
        self.card_shown = False  # held before the camera
        self.childs_card = behaviour.child  # is the one that lies on the reader
        self.face = behaviour.face
        self.outcome: Outcome | None = None
        self.light: ScreenColours | None = None  # the screen's light on the face
        self._touch = touch
        self._voice = voice
        self._clock = clock
        self._newest_code = newest_code
        self._codes_typed = 0
        self._spoken: list[Utterance] = []
        self._digit_attempt = -1
        self._head_attempt = -1
        self._head_move: tuple[float, HeadMove] | None = None  # when it begins, and which
        self._lifts_left = int(behaviour.card == "lifted_once")
        self._screen = 0  # counts the screens that were shown
        self._plan: list[_PlannedStep] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._random = np.random.default_rng(behaviour.seed)

    def utterances(self) -> list[Utterance]:
        """Return what was said, is being said and is about to be said."""
        return list(self._spoken)

    def mouth_opening(self, at: float) -> float:
        """Return how far the mouth is open at `at`, 0…1, in time with the voice."""
        for utterance in reversed(self._spoken):
            offset = int((at - utterance.at) * SAMPLE_RATE)
            if -1600 <= offset < len(utterance.samples) + 1600:
                around = utterance.samples[max(0, offset - 640) : offset + 1280]
                rms = float(np.sqrt(np.mean(around**2))) if len(around) else 0.0
                return min(1.0, 8.0 * rms)
        return 0.0

    def head_pose(self, at: float) -> tuple[float, float]:
        """Return yaw to the picture's right and pitch upwards at `at`, in degrees."""
        if self._head_move is None:
            return 0.0, 0.0
        began, move = self._head_move
        elapsed = at - began
        back = (TURN_S + HOLD_S + RETURN_S - elapsed) / RETURN_S
        share = min(max(0.0, min(elapsed / TURN_S, 1.0, back)), 1.0)
        yaw, pitch = (POSE_STEP_DEG * round(share * deg / POSE_STEP_DEG) for deg in HEAD_POSES_DEG[move])
        return yaw, pitch

    def card_found(self) -> None:
        """Note that the reader has found the card; a customer who lifts it too early does so now."""
        if self._lifts_left:
            self._lifts_left -= 1
            self.card_on_reader = False

    # ── reactions to the screen ──────────────────────────────────────────────────────────────────

    def see(self, notice: e.Notice) -> None:
        """React to a notice: the screen changed, or the terminal printed."""
        if isinstance(notice, e.Show):
            self._see_stage(notice)
        elif isinstance(notice, e.ShowDigit):
            self._see_digit(notice)
        elif isinstance(notice, e.ShowLight):
            now = self._clock()
            times = (now + PAINT_S + step * notice.hold_s for step in range(len(notice.colours)))
            self.light = ScreenColours(tuple(times), notice.colours)
        elif isinstance(notice, e.ShowHeadMove):
            self._see_head_move(notice)
        elif isinstance(notice, e.ShowDigits) and self.present:  # a challenge that is answered by touch
            self._type(READ_PAGE_S, "".join(map(str, notice.digits)))
            self._press(READ_PAGE_S + self.behaviour.touch_s, "key_next")
        elif isinstance(notice, e.ShowPhoneCode) and self.present:
            self._answer_phone_code()
        elif isinstance(notice, e.Print):
            self.outcome = notice.slip.outcome

    def run(self, stop: threading.Event) -> None:
        """Perform the planned steps in their order, each at its time or later."""
        while not stop.is_set():
            with self._changed:
                now = self._clock()
                if not self._plan or self._plan[0].at > now:
                    wait = self._plan[0].at - now if self._plan else 0.2
                    self._changed.wait(min(wait, 0.2))
                    continue
                step = heapq.heappop(self._plan)
            self._perform(step, stop)

    def _perform(self, step: _PlannedStep, stop: threading.Event) -> None:
        """Repeat the step until it succeeds; give up when another screen is shown or the customer leaves."""
        until = self._clock() + TOUCH_LIMIT_S
        while step.act() is False:
            current = self.present and step.screen == self._screen
            if not current or self._clock() > until or stop.wait(RETRY_S):
                return

    def _later(self, delay_s: float, act: Callable[[], bool | None]) -> None:
        with self._changed:
            step = _PlannedStep(
                at=self._clock() + delay_s, number=next(self._numbers), screen=self._screen, act=act
            )
            heapq.heappush(self._plan, step)
            self._changed.notify()

    def _press(self, delay_s: float, name: str) -> None:
        if self._touch is not None:
            self._later(delay_s, partial(self._touch.press, name))

    def _type(self, delay_s: float, text: str) -> None:
        """Type key by key, so that a key that is not taken yet can be repeated."""
        if self._touch is not None:
            for character in text:
                self._later(delay_s, partial(self._touch.type, character))

    def _see_stage(self, show: e.Show) -> None:
        self._screen += 1
        self.light = None
        if self.behaviour.leaves_at is show.stage:
            self.leave()
        if not self.present:
            return
        self.card_shown = show.stage is Stage.PORTRAIT
        self.childs_card = self.childs_card and not show.guardian
        if self.behaviour.swaps_at is show.stage:
            self.face = self.behaviour.swaps_to
        react: Callable[[], object] | None = {
            Stage.IDLE: self._begin,
            Stage.CONSENT: lambda: self._answer_consent(show),
            Stage.CARD: self._put_card,
            Stage.GUARDIAN: lambda: self._press(READ_PAGE_S, "agree_guardian"),
            Stage.PHONE: lambda: self._type_phone_and_password(show),
            Stage.CONFIRM: lambda: self._press(READ_PAGE_S, "confirm"),
            Stage.DIGITS: lambda: self._start_challenge(show),
            Stage.HEAD: lambda: self._start_challenge(show),
            Stage.OUTCOME: lambda: self._take_slip(show),
        }.get(show.stage)
        if react is not None:
            react()

    def leave(self) -> None:
        """Walk off, with the card."""
        self.present = False
        self.card_on_reader = False
        with self._changed:
            self._plan.clear()

    def _begin(self) -> None:
        if self.outcome is not None:
            return
        if self.behaviour.purpose is not Purpose.OPEN:
            self._press(self.behaviour.touch_s, "other_matter")
            self._press(self.behaviour.touch_s + READ_PAGE_S, f"matter_{self.behaviour.purpose.value}")
            return
        if self.behaviour.way is Way.VOICE:
            self._press(self.behaviour.touch_s, "begin_unhurried" if self.behaviour.unhurried else "begin")
            return
        self._press(self.behaviour.touch_s, "other_way")
        self._press(self.behaviour.touch_s + READ_PAGE_S, f"way_{self.behaviour.way.value}")

    def _answer_consent(self, show: e.Show) -> None:
        pause = self.behaviour.touch_s
        if show.way is Way.CLERK:
            self._press(2 * pause, "agree_clerk")
            return
        if self.behaviour.consent == "decline":
            self._press(2 * pause, "decline")
            return
        self._press(2 * pause, "agree")
        if not show.purpose.has_password:  # and no picture is asked for
            return
        self._press(2 * pause + READ_PAGE_S, "agree_picture" if self.behaviour.picture else "decline_picture")
        if self.behaviour.keeps is not None:
            self._press(2 * pause + 2 * READ_PAGE_S, "agree_keep" if self.behaviour.keeps else "decline_keep")

    def _put_card(self) -> None:
        if self.behaviour.card == "none":
            return

        def lay_down() -> None:
            self.card_on_reader = True

        self.card_on_reader = False
        self._later(3 * self.behaviour.touch_s, lay_down)

    def _type_phone_and_password(self, show: e.Show) -> None:
        behaviour = self.behaviour
        delay_s = behaviour.touch_s
        pages = (behaviour.phone, behaviour.password, behaviour.password)
        for text in pages if show.wants_password else pages[:1]:
            self._type(delay_s, text)
            self._press(delay_s + behaviour.touch_s, "key_next")
            delay_s += 3 * behaviour.touch_s

    def _answer_phone_code(self) -> None:
        """Type the code that came by message, as soon as it has come."""
        if self.behaviour.code == "none":
            self._press(READ_PAGE_S, "phone_code_skip")
            return
        screen = self._screen

        def read_message() -> bool:
            code = self._newest_code(self.behaviour.phone)
            if not code:
                return False
            if screen == self._screen:
                self._type_code(code)
            return True

        self._later(READ_PAGE_S, read_message)

    def _type_code(self, code: str) -> None:
        wrong = self.behaviour.code == "wrong_once" and not self._codes_typed
        self._codes_typed += 1
        self._type(0.0, f"{(int(code) + 1) % 10**6:06}" if wrong else code)
        self._press(self.behaviour.touch_s, "key_next")

    def _start_challenge(self, show: e.Show) -> None:
        if show.stage is Stage.HEAD:
            self._head_attempt += 1
            self._head_move = None
            return
        self._digit_attempt += 1
        other = self.behaviour.changes_to
        if other is not None and show.code is not Code.OK:
            self._press(READ_PAGE_S, "change_way")
            self._press(2 * READ_PAGE_S + self.behaviour.touch_s, f"way_{other.value}")

    def _take_slip(self, show: e.Show) -> None:
        self.card_on_reader = False
        asked_again = show.code is Code.PERSON_ALREADY_OPEN and self.behaviour.again is not Purpose.OPEN
        button = self.behaviour.again.value if asked_again else "dismiss"
        self._press(max(6 * self.behaviour.touch_s, READ_PAGE_S), button)

    # ── challenges ───────────────────────────────────────────────────────────────────────────────

    def _reaction_s(self) -> float:
        return self.behaviour.reaction_s + 0.1 * float(self._random.random())

    def _see_digit(self, shown: e.ShowDigit) -> None:
        if not self.present:
            return
        readings = self.behaviour.readings
        response = readings[min(max(self._digit_attempt, 0), len(readings) - 1)]
        if response == "silent":
            return
        wrong = response == "wrong" or (response == "one_wrong" and shown.window == 0)
        digit = (shown.digit + 1 + int(self._random.integers(9))) % 10 if wrong else shown.digit
        began = self._clock() + self._reaction_s()
        gain = np.float32(0.02 if response == "quiet" else 1.0)
        self._spoken.append(Utterance(began, self._voice.say(digit) * gain))

    def _see_head_move(self, shown: e.ShowHeadMove) -> None:
        """Turn the head as the arrow says, after the reaction time."""
        turnings = self.behaviour.turnings
        response = turnings[min(max(self._head_attempt, 0), len(turnings) - 1)]
        if shown.move is None or response == "still" or not self.present:
            return
        others = [move for move in HeadMove if move is not shown.move]
        move = shown.move if response == "right" else others[int(self._random.integers(len(others)))]
        self._head_move = (self._clock() + self._reaction_s(), move)
