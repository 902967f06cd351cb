"""Did the terminal ask for enough? The bars that its verdicts name are held against central's own. Pure.

A terminal whose settings were loosened says so itself: every verdict carries the numbers it required. This
catches settings, of one shop or of all; a program that lies about its numbers is not caught by numbers.
"""

from functools import cache
from math import comb, isfinite, log

from central.protocol.messages import Answer, Check, Scalar, Verdict
from central.settings import Evidence, MinimumThreshold

LENGTHS = range(4, 9)
"""Digits of a challenge."""
_GUESS = 1 / 9
"""Chance of a guessed digit: none is the one before."""
_ROUNDED = 0.001
"""Terminals round what they write down."""
_MEASURED: dict[str, tuple[tuple[str, str, int], ...]] = {
    "face": (("likeness_mean", "accept", 1), ("frames_good", "min_frames", 1)),
    "liveness": (("live_median", "min_live", 1),),
    "continuity": (("longest_gap_s", "max_gap_s", -1), ("compared", "compared", 1)),
    "lips": (("moved", "moved", 1),),
    "head": (("right", "right", 1),),
    "touch": (("right", "right", 1),),
}
"""What a pass measured, what it required, and whether more (1) or less (−1) is better."""


def lowered(verdict: Verdict, rules: Evidence) -> bool:
    """Is a bar missing or lower than central's, or does a pass not reach its own?"""
    floors = rules.floors.get(verdict.check.value, {})
    if not all(_holds(verdict.required.get(name), floor) for name, floor in floors.items()):
        return True
    if verdict.check is Check.DIGITS:
        return not _digits(verdict, rules.digits_guess)
    return verdict.answer is Answer.PASS and not _reached(verdict)


def _holds(value: Scalar, floor: MinimumThreshold) -> bool:
    """So written that what is missing, no number or not finite never holds."""
    number = _number(value)
    if number is None:
        return False
    return (floor.least is None or number >= floor.least) and (floor.most is None or number <= floor.most)


def _reached(verdict: Verdict) -> bool:
    for got, wanted, sign in _MEASURED.get(verdict.check.value, ()):
        value, bar = _number(verdict.measured.get(got)), _number(verdict.required.get(wanted))
        if value is None or bar is None or not sign * value >= sign * bar - _ROUNDED:
            return False
    return True


def _digits(verdict: Verdict, bound: float) -> bool:
    """As many right as cannot be guessed; or one less, with a likelihood ratio that cannot either."""
    right, of = _number(verdict.measured.get("right")), _number(verdict.measured.get("of"))
    asked, least = _number(verdict.required.get("right")), _number(verdict.required.get("llr"))
    if right is None or of is None or asked is None or least is None or of not in LENGTHS:
        return False
    if asked < unguessable(int(of), bound) or least < -log(bound) - _ROUNDED:
        return False
    if verdict.answer is not Answer.PASS or right >= asked:
        return True
    ratio = _number(verdict.measured.get("llr"))
    return right >= asked - 1 and ratio is not None and ratio >= least - _ROUNDED


@cache
def unguessable(count: int, bound: float) -> int:
    """The fewest of `count` digits that guessing gets right with at most the bound's probability."""
    tail = 0.0
    for right in range(count, -1, -1):
        tail += comb(count, right) * _GUESS**right * (1 - _GUESS) ** (count - right)
        if tail > bound:
            return right + 1
    return 0


def _number(value: Scalar) -> float | None:
    """True counts as 1: some bars are switches."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None
