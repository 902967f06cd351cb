"""The head challenge in simulation: how often it turns away who follows it, and takes who does not.

    kiosk evaluate head --trials 2000 --seed 1

The rule is the visit's own (`kiosk.visit.head_turns`); heads are numbers, not pictures: their reaction,
reach, noise and mistakes stand in `HONEST` below and are assumptions. No recording of people is behind them.
"""

import argparse
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.random import Generator

from evaluation.intervals import Rate, wilson
from kiosk import events as e
from kiosk import settings
from kiosk.model import Challenge, FaceSeen, HeadMove, VerdictAnswer
from kiosk.settings import VisitSettings
from kiosk.visit.head_turns import HeadTurns, moves

FRAMES_PER_S = 12.0
UNITS: dict[HeadMove, tuple[float, float]] = {
    HeadMove.LEFT: (1.0, 0.0),
    HeadMove.RIGHT: (-1.0, 0.0),
    HeadMove.UP: (0.0, 0.75),
    HeadMove.DOWN: (0.0, -0.75),
}
"""Nodding reaches less far than turning."""


class Person(Struct, frozen=True):
    """Means and spreads of a head, degrees and seconds as the camera measures them."""

    reaction_s: float = 0.55
    reaction_spread: float = 0.25  # of the logarithm
    reach_deg: float = 22.0
    reach_spread_deg: float = 4.0
    leak: float = 0.2  # of a movement that shows on the other axis
    noise_deg: float = 1.2
    mistakes: float = 0.02  # movements the wrong way


HONEST = Person()

Motion = Callable[[float], tuple[float, float]]
"""Time since the arrow → yaw and pitch."""


class Head:
    """A head between movements. `answer(move, at)` plans the movement to an arrow painted at `at`."""

    def __init__(self, random: Generator, person: Person = HONEST) -> None:
        self.random, self.person = random, person
        self._plan: list[tuple[float, HeadMove, float]] = []
        self._bias = random.normal(0, 4, 2)

    def answer(self, move: HeadMove, at: float) -> None:
        """Follow the arrow, or by mistake another."""
        p, r = self.person, self.random
        made = move if r.random() >= p.mistakes else list(HeadMove)[int(r.integers(4))]
        self.plan(at + p.reaction_s * float(np.exp(r.normal(0, p.reaction_spread))), made)

    def plan(self, at: float, move: HeadMove) -> None:
        reach = self.random.normal(self.person.reach_deg, self.person.reach_spread_deg)
        self._plan.append((at, move, float(reach)))

    def pose(self, at: float) -> tuple[float, float]:
        pose = self._bias + self.random.normal(0, self.person.noise_deg, 2)
        for began, move, reach in self._plan:
            share = min((at - began) / 0.35, 1.0, (1.1 - (at - began)) / 0.4)
            if share > 0:
                yaw, pitch = UNITS[move]
                pose = pose + share * reach * np.array([yaw, pitch])
                pose = pose + share * reach * self.person.leak * np.array([pitch, yaw]) * self.random.normal()
        return float(pose[0]), float(pose[1])


class Guesser(Head):
    """Knows the game and sees no arrow: a movement at random after each."""

    def answer(self, move: HeadMove, at: float) -> None:
        self.plan(at + float(self.random.uniform(0.25, 1.5)), list(HeadMove)[int(self.random.integers(4))])


class Replayer(Head):
    """A recording of somebody who followed other arrows, played from the first arrow on."""

    def __init__(self, random: Generator, recorded: Challenge, steps: int) -> None:
        super().__init__(random)
        self._recorded = recorded
        self._steps = steps
        self._playing = False

    def answer(self, move: HeadMove, at: float) -> None:
        if self._playing:
            return
        self._playing = True
        for step, made in enumerate(moves(self._recorded, self._steps)):
            gap = self._recorded.gaps_s[step % len(self._recorded.gaps_s)]
            self.plan(at + self.person.reaction_s, made)
            at += self.person.reaction_s + 1.1 + gap


class Swayer(Head):
    """Shakes the head all the time."""

    def pose(self, at: float) -> tuple[float, float]:
        return 26.0 * float(np.sin(2 * np.pi * 0.5 * at)), 12.0 * float(np.sin(2 * np.pi * 0.31 * at))


class Still(Head):
    """A photo on a stick that nobody moves."""

    def answer(self, move: HeadMove, at: float) -> None:
        pass


def challenge(random: Generator) -> Challenge:
    """As central makes it: six digits, none twice in a row."""
    digits = [int(random.integers(10))]
    while len(digits) < 6:
        digit = int(random.integers(10))
        digits += [digit] if digit != digits[-1] else []
    return Challenge(id="", digits=tuple(digits), gaps_s=tuple(random.uniform(0.9, 1.5, 6)), expires_unix=0.0)


def passes(head: Head, asked: Challenge, limits: VisitSettings) -> bool:
    """Play one challenge as `kiosk.visit.stages.head` does; is it passed?"""
    turning, at = HeadTurns(asked, limits.head, limits.pace, unhurried=False), 0.0
    turning.started = True
    while turning.fault is None and not turning.complete():
        at = _look(head, turning, at, at + turning.pause_s())
        order = turning.next_move()
        turning.painted(e.HeadMoveShown(order.step, at))
        assert order.move is not None
        head.answer(order.move, at)
        at = _step(head, turning, at)
    return turning.verdict().answer is VerdictAnswer.PASS


def _look(head: Head, turning: HeadTurns, at: float, until: float) -> float:
    while at < until:
        at += 1 / FRAMES_PER_S
        turning.take(_seen(head, at))
    return at


def _step(head: Head, turning: HeadTurns, at: float) -> float:
    """Until the movement is made and the head is back, or the time is over."""
    while at < turning.closes():
        at += 1 / FRAMES_PER_S
        if turning.take(_seen(head, at)):
            return at
    turning.too_late()
    return at


def _seen(head: Head, at: float) -> FaceSeen:
    yaw, pitch = head.pose(at)
    return FaceSeen(at=at, seq=0, faces=1, track=1, yaw=yaw, pitch=pitch)


def measure(trials: int, seed: int, limits: VisitSettings) -> dict[str, Rate]:
    """`honest`: turned away (BPCER); the others: taken (APCER). One challenge each."""
    random = np.random.default_rng(seed)
    steps = limits.head.steps
    kinds: dict[str, Callable[[], Head]] = {
        "honest": lambda: Head(random),
        "guess": lambda: Guesser(random),
        "replay": lambda: Replayer(random, challenge(random), steps),
        "sway": lambda: Swayer(random),
        "still": lambda: Still(random),
    }
    passed = {
        kind: sum(passes(make(), challenge(random), limits) for _ in range(trials))
        for kind, make in kinds.items()
    }
    wrong = {kind: trials - count if kind == "honest" else count for kind, count in passed.items()}
    return {kind: wilson(count, trials) for kind, count in wrong.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)


def run(options: argparse.Namespace) -> int:
    """Print the rates."""
    limits = settings.load().visit
    print(f"simulated heads, {limits.head.steps} arrows, one challenge each")
    for kind, rate in measure(options.trials, options.seed, limits).items():
        print(f"{'turned away' if kind == 'honest' else 'taken':12} {kind:8} {rate}")
    return 0
