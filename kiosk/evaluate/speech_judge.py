"""Trials: what was heard against the true code and against wrong ones, by the terminal's own rule."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from msgspec import Struct

from kiosk.evaluate.speech_play import challenge
from kiosk.evaluate.speech_scene import Scene, code
from kiosk.model import Answer, DigitHeard
from kiosk.settings import VisitSettings
from kiosk.visit import rules

MISSES = (2, 1, 0)
"""The rules that are compared, the laxest first: so many digits may be wrong. Of six: 4, 5, 6 right."""
_FAULT = re.compile(r"(\d+):(\S+)")


class Trial(Struct, frozen=True):
    """One reading of a challenge. The tuples go with `MISSES`."""

    speaker: str
    digits: int  # of the challenge
    right: int
    faults: dict[str, int]  # code → digits
    passed: tuple[bool, ...]  # the true code
    tried: int  # wrong codes
    accepted: tuple[int, ...]  # wrong codes
    near: tuple[int, ...]  # wrong codes that differ from the true one in at most so many places
    snr_db: float | None = None  # None: as recorded
    noise: str = ""


def judge(
    scene: Scene,
    heard: Sequence[DigitHeard],
    limits: VisitSettings,
    wrong_codes: int,
    random: np.random.Generator,
) -> Trial:
    """`kiosk.visit.rules.digits` on the true code and on random others of the same length."""
    others = [_other(scene.digits, random) for _ in range(wrong_codes)]
    verdict = rules.digits(challenge(scene), scene.shown, heard, limits)
    passing = partial(_passing, scene, heard, _asked(scene, limits))
    return Trial(
        speaker=scene.speaker,
        digits=len(scene.digits),
        right=int(verdict.measured["right"] or 0),
        faults=dict(Counter(fault for _, fault in _FAULT.findall(str(verdict.measured["faults"])))),
        passed=tuple(bool(n) for n in passing([scene.digits])),
        tried=wrong_codes,
        accepted=tuple(passing(others)),
        near=tuple(sum(_differing(scene.digits, o) <= m for o in others) for m in MISSES),
    )


def _asked(scene: Scene, limits: VisitSettings) -> list[VisitSettings]:
    """The limits of each rule."""
    needed = [max(1, len(scene.digits) - misses) for misses in MISSES]
    return [msgspec.structs.replace(limits, digits_right=n) for n in needed]


def _passing(
    scene: Scene,
    heard: Sequence[DigitHeard],
    asked: Sequence[VisitSettings],
    codes: Sequence[tuple[int, ...]],
) -> list[int]:
    """How many of the codes pass each rule; what fails one is not shown to the stricter ones."""
    true, counts = challenge(scene), []
    left = [msgspec.structs.replace(true, digits=digits) for digits in codes]
    for limits in asked:
        left = [c for c in left if rules.digits(c, scene.shown, heard, limits).answer is Answer.PASS]
        counts.append(len(left))
    return counts


def _other(digits: tuple[int, ...], random: np.random.Generator) -> tuple[int, ...]:
    """A random code over all ten digits that is not this one."""
    while (drawn := code(random, len(digits))) == digits:
        pass
    return drawn


def _differing(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))
