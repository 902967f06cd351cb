"""Paces and judges the head challenge: arrows drawn from central's signed digits, followed by the head.

    moves(challenge, 5)                 # the same challenge gives the same arrows, nobody else knows them
    HeadTurns                           # paces one challenge and judges step by step

The pose at rest is measured before each arrow, so that a crooked camera or a stiff neck is no fault.
"""

from itertools import cycle, islice
from statistics import median

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, Check, FaceSeen, HeadMove, Measures, Verdict, VerdictAnswer
from kiosk.settings import HeadLimits, PaceLimits

REST_FRAMES = 2
"""Frames that the pose at rest is measured in: a slow machine looks at five in two seconds."""
REST_S = 0.85
"""They are from this long before the arrow; less than central's shortest pause (0.9 s)."""
STEEPER = 1.2
"""A movement is sideways or vertical if it goes this many times farther that way, each over its threshold."""

Pose = tuple[float, float]


def moves(challenge: Challenge, count: int) -> tuple[HeadMove, ...]:
    """Return `count` movements, never the same twice in a row: 4·3^(n−1) sequences, 324 for five."""
    made: list[HeadMove] = []
    for digit in islice(cycle(challenge.digits), count):
        others = [move for move in HeadMove if not made or move is not made[-1]]
        made.append(others[digit % len(others)])
    return tuple(made)


def direction(pose: Pose, rest: Pose, limits: HeadLimits) -> HeadMove | None:
    """Return where the head points, seen from its rest; None: nowhere clear.

    `FaceSeen.yaw` grows to the picture's right, which is the person's left; `pitch` upwards.
    """
    turned = (pose[0] - rest[0]) / limits.turn_deg
    nodded = (pose[1] - rest[1]) / limits.nod_deg
    if abs(turned) >= 1.0 and abs(turned) >= STEEPER * abs(nodded):
        return HeadMove.LEFT if turned > 0 else HeadMove.RIGHT
    if abs(nodded) >= 1.0 and abs(nodded) >= STEEPER * abs(turned):
        return HeadMove.UP if nodded > 0 else HeadMove.DOWN
    return None


def is_at_rest(pose: Pose, rest: Pose, limits: HeadLimits) -> bool:
    return max(abs(pose[0] - rest[0]), abs(pose[1] - rest[1])) <= limits.rest_deg


class HeadTurns:
    """One head challenge. Knows no clock: times come in with the events."""

    def __init__(
        self, challenge: Challenge, limits: HeadLimits, pace: PaceLimits, *, unhurried: bool
    ) -> None:
        self.challenge = challenge
        self.moves = moves(challenge, limits.steps)
        self.seen: list[FaceSeen] = []
        self.shown: list[float] = []  # arrows, as they were painted
        self.reached: list[float] = []  # how long after its arrow each movement was there
        self.fault: Code | None = None
        self.started = False
        self._limits = limits
        self._slow = pace.unhurried_factor if unhurried else pace.factor
        self._ordered = 0
        self._rest: Pose | None = None
        self._moved = False  # this step's movement was made, the head is on its way back

    @property
    def count(self) -> int:
        return len(self.moves)

    @property
    def awaiting_screen(self) -> bool:
        return self._ordered > len(self.shown)

    @property
    def stepping(self) -> bool:
        """Whether an arrow is on the screen."""
        return len(self.shown) > len(self.reached) or self._moved

    @property
    def returning(self) -> bool:
        """Whether the movement was made, and the head is on its way back."""
        return self._moved

    def pause_s(self) -> float:
        """Return how long the person looks straight ahead before the next arrow: random, by the challenge."""
        gaps = self.challenge.gaps_s
        return gaps[len(self.shown) % len(gaps)] * self._slow

    def longest_s(self) -> float:
        """Return the longest time that this challenge can take."""
        pauses = max(self.challenge.gaps_s) * self._slow
        return self.count * (pauses + 2 * self._limits.window_s * self._slow)

    def next_move(self) -> e.ShowHeadMove:
        step = self._ordered
        self._ordered += 1
        return e.ShowHeadMove(step, self.count, self.moves[step])

    def painted(self, shown: e.HeadMoveShown) -> bool:
        """Note when the arrow was painted; return False if the event is about another one."""
        if not self.awaiting_screen or shown.step != len(self.shown):
            return False
        self._rest = self._rest_before(shown.at)
        self.shown.append(shown.at)
        return True

    def closes(self) -> float:
        """Return when this step must be over: the movement made, or the head back at rest."""
        since = self.shown[-1] + (self.reached[-1] if self._moved else 0.0)
        return since + self._limits.window_s * self._slow

    def complete(self) -> bool:
        return len(self.reached) == self.count and not self._moved

    def take(self, seen: FaceSeen) -> bool:
        """Take a frame; return True if it ended the step: back at rest, or a fault (`fault`)."""
        self.seen.append(seen)
        if not self.stepping or seen.at < self.shown[-1] or seen.yaw is None or seen.pitch is None:
            return False
        if self.fault is not None or self._rest is None:
            self.fault = self.fault or Code.HEAD_UNSEEN
            return True
        pose = (seen.yaw, seen.pitch)
        if self._moved:
            self._moved = not is_at_rest(pose, self._rest, self._limits)
            return not self._moved
        found, after_s = direction(pose, self._rest, self._limits), seen.at - self.shown[-1]
        if found is None:
            return False
        if after_s < self._limits.early_s:
            self.fault = Code.HEAD_TOO_EARLY
        elif found is not self.moves[len(self.shown) - 1]:
            self.fault = Code.HEAD_WRONG
        else:
            self.reached.append(after_s)
            self._moved = True
        return self.fault is not None

    def too_late(self) -> None:
        """Fail the step, whose time is over."""
        self.fault = Code.HEAD_STILL

    def _rest_before(self, at: float) -> Pose | None:
        """Return the median pose just before `at`; frames in a blink count only if there are hardly others.

        Closed eyes shift the pitch that is read off the mesh: by up to 3° in six GRID clips, and by 7° in
        the simulated customer, which is more than `rest_deg`.
        """
        before = [
            (s.yaw, s.pitch, s.eyes is not None and s.eyes < 0)
            for s in self.seen
            if at - REST_S <= s.at <= at and s.faces == 1 and s.yaw is not None and s.pitch is not None
        ]
        poses = [(yaw, pitch) for yaw, pitch, closed in before if not closed]
        if len(poses) < REST_FRAMES:
            poses = [(yaw, pitch) for yaw, pitch, _ in before]
        if len(poses) < REST_FRAMES:
            return None
        rest = median(yaw for yaw, _ in poses), median(pitch for _, pitch in poses)
        if not all(is_at_rest(pose, rest, self._limits) for pose in poses):
            self.fault = Code.HEAD_TOO_EARLY  # it moved before there was an arrow to follow
        return rest

    def verdict(self) -> Verdict:
        """Judge whether all movements were made, each the right one, each in its time."""
        measured: Measures = {
            "right": len(self.reached),
            "of": self.count,
            "after_s_median": round(median(self.reached), 2) if self.reached else None,
        }
        limits = self._limits
        required: Measures = {
            "right": self.count,
            "early_s": limits.early_s,
            "window_s": limits.window_s,
            "turn_deg": limits.turn_deg,
            "nod_deg": limits.nod_deg,
            "rest_deg": limits.rest_deg,
        }
        if self.fault is None and self.complete():
            return Verdict(
                check=Check.HEAD,
                answer=VerdictAnswer.PASS,
                code=Code.OK,
                measured=measured,
                required=required,
            )
        return Verdict(
            check=Check.HEAD,
            answer=VerdictAnswer.RETRY,
            code=self.fault or Code.HEAD_STILL,
            measured=measured,
            required=required,
        )

    def span(self) -> tuple[float, float]:
        """Return when the first arrow was painted, and the last movement ended."""
        last = [s.at for s in self.seen]
        return self.shown[0], max([self.shown[-1], *last])
