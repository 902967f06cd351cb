"""Trials: what was heard against the true code and against wrong ones, by the terminal's own rule."""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct

from evaluation.speech.offline_listener import challenge
from evaluation.speech.challenge_audio import Scene, code
from kiosk.model import Answer, DigitHeard, Verdict
from kiosk.settings import VisitSettings
from kiosk.visit.rules.digits import judge_digits

MISSES = (2, 1, 0)
"""Plain counts that are compared with the settings' rule, the laxest first: so many digits may be wrong."""
RULES = (*MISSES, None)
"""None: the rule of the settings, as it is."""
_FAULT = re.compile(r"(\d+):(\S+)")


class Trial(Struct, frozen=True):
    """One reading of a challenge. The tuples go with `RULES`."""

    speaker: str
    digits: int  # of the challenge
    right: int
    faults: dict[str, int]  # code → digits
    passed: tuple[bool, ...]  # the true code
    tried: int  # wrong codes
    accepted: tuple[int, ...]  # wrong codes
    near: tuple[int, ...]  # wrong codes that differ from the true one in at most 2, 1, 0 and 1 places
    snr_db: float | None = None  # None: as recorded
    noise: str = ""


def judge(
    scene: Scene,
    heard: Sequence[DigitHeard],
    limits: VisitSettings,
    wrong_codes: int,
    random: np.random.Generator,
) -> Trial:
    """`kiosk.visit.rules.digits.judge_digits` on the true code and on random others of the same length."""
    true = challenge(scene)

    def said(digits: tuple[int, ...]) -> Verdict:
        asked = msgspec.structs.replace(true, digits=digits)
        return judge_digits(asked, scene.shown, heard, limits.digits, limits.sound)

    verdict = said(scene.digits)
    others = [_other(scene.digits, random) for _ in range(wrong_codes)]
    passing = [_passes(said(other)) for other in others]
    return Trial(
        speaker=scene.speaker,
        digits=len(scene.digits),
        right=_right(verdict),
        faults=dict(Counter(fault for _, fault in _FAULT.findall(str(verdict.measured["faults"])))),
        passed=_passes(verdict),
        tried=wrong_codes,
        accepted=tuple(map(sum, zip(*passing, strict=True))) if passing else (0,) * len(RULES),
        near=tuple(_near(scene.digits, others, misses) for misses in RULES),
    )


def _passes(verdict: Verdict) -> tuple[bool, ...]:
    """By each of `RULES`."""
    of, right = int(verdict.measured["of"] or 0), _right(verdict)
    counts = tuple(right >= max(1, of - misses) for misses in MISSES)
    return (*counts, verdict.answer is Answer.PASS)


def _right(verdict: Verdict) -> int:
    return int(verdict.measured["right"] or 0)


def _near(true: Sequence[int], others: Sequence[Sequence[int]], misses: int | None) -> int:
    """Codes that differ from the true one in no more places; for the settings' rule, in one."""
    return sum(_differing(true, other) <= (1 if misses is None else misses) for other in others)


def _other(digits: tuple[int, ...], random: np.random.Generator) -> tuple[int, ...]:
    """A random code over all ten digits that is not this one."""
    while (drawn := code(random, len(digits))) == digits:
        pass
    return drawn


def _differing(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))
