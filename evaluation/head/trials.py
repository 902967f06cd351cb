"""Simulated head movements under the head challenge: honest people and attacks.

Heads are numbers here, not pictures: their reaction time, reach, noise and mistakes are those of
`HeadMotion` and are assumptions. No recording of people is behind them. The rule is the visit's own
(`kiosk.visit.head_turns`).
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.random import Generator

from evaluation.intervals import Rate, wilson
from evaluation.speech.challenge_audio import GAPS_S, LENGTH
from kiosk import events as e
from kiosk.model import Challenge, FaceSeen, HeadMove, VerdictAnswer
from kiosk.settings import VisitSettings
from kiosk.visit.head_turns import HeadTurns, moves

FRAMES_PER_S = 12.0
MOVE_S = 1.1
"""Duration of a movement: there within 0.35 s, and back in the last 0.4 s."""
DIRECTIONS: dict[HeadMove, tuple[float, float]] = {
    HeadMove.LEFT: (1.0, 0.0),
    HeadMove.RIGHT: (-1.0, 0.0),
    HeadMove.UP: (0.0, 0.75),
    HeadMove.DOWN: (0.0, -0.75),
}
"""Yaw and pitch relative to the reach; nodding reaches less far than turning."""


class HeadMotion(Struct, frozen=True, kw_only=True):
    """Means and spreads of a person's head movements, in degrees and seconds as the camera measures them.

    `reaction_spread`: of the reaction time's logarithm; `leak`: share of a movement that shows on the other
    axis; `mistakes`: share of movements in a wrong direction.
    """

    reaction_s: float = 0.55
    reaction_spread: float = 0.25
    reach_deg: float = 22.0
    reach_spread_deg: float = 4.0
    leak: float = 0.2
    noise_deg: float = 1.2
    mistakes: float = 0.02


class HonestHead:
    """Follows the arrows."""

    def __init__(self, random: Generator, motion: HeadMotion | None = None) -> None:
        self.random, self.motion = random, motion or HeadMotion()
        self._plan: list[tuple[float, HeadMove, float]] = []
        self._bias = random.normal(0, 4, 2)

    def see_arrow(self, move: HeadMove, at: float) -> None:
        """Plan the movement to an arrow painted at `at`, or by mistake another one."""
        motion, random = self.motion, self.random
        made = move if random.random() >= motion.mistakes else list(HeadMove)[int(random.integers(4))]
        reaction_s = motion.reaction_s * float(np.exp(random.normal(0, motion.reaction_spread)))
        self.plan(at + reaction_s, made)

    def plan(self, at: float, move: HeadMove) -> None:
        """Plan a movement that begins at `at`."""
        reach = self.random.normal(self.motion.reach_deg, self.motion.reach_spread_deg)
        self._plan.append((at, move, float(reach)))

    def pose(self, at: float) -> tuple[float, float]:
        """Return yaw and pitch as measured at `at`, in degrees."""
        pose = self._bias + self.random.normal(0, self.motion.noise_deg, 2)
        for began, move, reach in self._plan:
            share = min((at - began) / 0.35, 1.0, (MOVE_S - (at - began)) / 0.4)
            if share > 0:
                yaw, pitch = DIRECTIONS[move]
                pose = pose + share * reach * np.array([yaw, pitch])
                pose = pose + share * reach * self.motion.leak * np.array([pitch, yaw]) * self.random.normal()
        return float(pose[0]), float(pose[1])


class GuessingHead(HonestHead):
    """Knows the challenge but sees no arrow: a random movement after each."""

    def see_arrow(self, move: HeadMove, at: float) -> None:
        """Plan a random movement after a random time."""
        self.plan(at + float(self.random.uniform(0.25, 1.5)), list(HeadMove)[int(self.random.integers(4))])


class ReplayedHead(HonestHead):
    """Recording of a person who followed another challenge's arrows, played from the first arrow on."""

    def __init__(self, random: Generator, recorded: Challenge, steps: int) -> None:
        super().__init__(random)
        self._recorded = recorded
        self._steps = steps
        self._playing = False

    def see_arrow(self, move: HeadMove, at: float) -> None:
        """Plan all recorded movements at the first arrow."""
        if self._playing:
            return
        self._playing = True
        for step, made in enumerate(moves(self._recorded, self._steps)):
            gap = self._recorded.gaps_s[step % len(self._recorded.gaps_s)]
            self.plan(at + self.motion.reaction_s, made)
            at += self.motion.reaction_s + MOVE_S + gap


class SwayingHead(HonestHead):
    """Shakes all the time."""

    def pose(self, at: float) -> tuple[float, float]:
        """Return a slow oscillation on both axes."""
        return 26.0 * float(np.sin(2 * np.pi * 0.5 * at)), 12.0 * float(np.sin(2 * np.pi * 0.31 * at))


class StillHead(HonestHead):
    """Does not move: a photo on a stick."""

    def see_arrow(self, move: HeadMove, at: float) -> None:
        """Ignore the arrow."""


def draw_challenge(random: Generator) -> Challenge:
    """Draw a challenge as central does: six digits, none twice in a row."""
    digits = [int(random.integers(10))]
    while len(digits) < LENGTH:
        digit = int(random.integers(10))
        digits += [digit] if digit != digits[-1] else []
    return Challenge(
        id="", digits=tuple(digits), gaps_s=tuple(random.uniform(*GAPS_S, LENGTH)), expires_unix=0.0
    )


def passes(head: HonestHead, challenge: Challenge, limits: VisitSettings) -> bool:
    """Play one challenge as `kiosk.visit.stages.head` does; return whether it is passed."""
    turns, at = HeadTurns(challenge, limits.head, limits.pace, unhurried=False), 0.0
    turns.started = True
    while turns.fault is None and not turns.complete():
        pause_ends = at + turns.pause_s()
        while at < pause_ends:
            at += 1 / FRAMES_PER_S
            turns.take(_seen(head, at))
        order = turns.next_move()
        turns.painted(e.HeadMoveShown(order.step, at))
        assert order.move is not None
        head.see_arrow(order.move, at)
        at = _play_step(head, turns, at)
    return turns.verdict().answer is VerdictAnswer.PASS


def _play_step(head: HonestHead, turns: HeadTurns, at: float) -> float:
    """Play frames until the movement is made and the head is back, or the time is over."""
    while at < turns.closes():
        at += 1 / FRAMES_PER_S
        if turns.take(_seen(head, at)):
            return at
    turns.too_late()
    return at


def _seen(head: HonestHead, at: float) -> FaceSeen:
    yaw, pitch = head.pose(at)
    return FaceSeen(at=at, seq=0, faces=1, track=1, yaw=yaw, pitch=pitch)


def measure(trials: int, seed: int, limits: VisitSettings) -> dict[str, Rate]:
    """Play one challenge for each trial and kind of head.

    `honest`: turned away (BPCER); the others: accepted (APCER).
    """
    random = np.random.default_rng(seed)
    kinds: dict[str, Callable[[], HonestHead]] = {
        "honest": lambda: HonestHead(random),
        "guess": lambda: GuessingHead(random),
        "replay": lambda: ReplayedHead(random, draw_challenge(random), limits.head.steps),
        "sway": lambda: SwayingHead(random),
        "still": lambda: StillHead(random),
    }
    passed = {
        kind: sum(passes(make(), draw_challenge(random), limits) for _ in range(trials))
        for kind, make in kinds.items()
    }
    wrong = {kind: trials - count if kind == "honest" else count for kind, count in passed.items()}
    return {kind: wilson(count, trials) for kind, count in wrong.items()}
