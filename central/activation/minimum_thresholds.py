"""Compares the thresholds that a terminal's verdicts name with central's own minimums. Pure.

A terminal whose settings were loosened says so itself: every verdict carries the numbers it required. This
catches settings, of one shop or of all; a program that lies about its numbers is not caught by numbers.
"""

from collections.abc import Mapping
from functools import cache
from math import comb, isfinite, log

from central.protocol.messages import Check, Scalar, Verdict, VerdictAnswer
from central.settings import Evidence

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
    "lips": (("moved", "moved", 1), ("chance", "chance", -1)),
    "light": (("gain", "gain", 1), ("fit", "fit", 1), ("steps", "steps", 1), ("beaten", "beaten", 1)),
    "head": (("right", "right", 1),),
    "touch": (("right", "right", 1),),
    "stream": (("repeated", "max_repeats", -1),),
}
"""What a pass measured, what it required, and whether more (1) or less (−1) is better."""
_REVIEWED: dict[str, tuple[tuple[str, str, int], ...]] = {
    "face": (("likeness_mean", "review", 1), ("frames_good", "min_frames", 1)),
    "stream": _MEASURED["stream"],
}
"""The same for what may stand as a review: a face that a clerk was asked about, a stream that is evidence."""


def is_lowered(verdict: Verdict, rules: Evidence) -> bool:
    """Return whether a threshold is missing or lower than central's, or a pass does not reach its own.

    A value that is missing, no number or not finite never suffices.
    """
    for name, minimum in rules.floors.get(verdict.check.value, {}).items():
        value = _number(verdict.required.get(name))
        if value is None:
            return True
        if minimum.least is not None and not value >= minimum.least:
            return True
        if minimum.most is not None and not value <= minimum.most:
            return True
    if verdict.check is Check.DIGITS:
        return not are_digits_sufficient(verdict, rules.digits_guess)
    if verdict.answer is VerdictAnswer.PASS:
        return not reaches_its_thresholds(verdict, _MEASURED)
    return verdict.answer is VerdictAnswer.REVIEW and not reaches_its_thresholds(verdict, _REVIEWED)


def reaches_its_thresholds(verdict: Verdict, table: Mapping[str, tuple[tuple[str, str, int], ...]]) -> bool:
    """Return whether a verdict measured what it required, as `table` pairs the two."""
    for measured, required, sign in table.get(verdict.check.value, ()):
        value, threshold = _number(verdict.measured.get(measured)), _number(verdict.required.get(required))
        if value is None or threshold is None or not sign * value >= sign * threshold - _ROUNDED:
            return False
    return True


def are_digits_sufficient(verdict: Verdict, bound: float) -> bool:
    """Return whether the digits cannot have been guessed with more than the probability `bound`.

    Enough of them are right; or one less, with a likelihood ratio of at least 1/`bound`.
    """
    right, of = _number(verdict.measured.get("right")), _number(verdict.measured.get("of"))
    required, least = _number(verdict.required.get("right")), _number(verdict.required.get("llr"))
    if right is None or of is None or required is None or least is None or of not in LENGTHS:
        return False
    if required < unguessable(int(of), bound) or least < -log(bound) - _ROUNDED:
        return False
    if verdict.answer is not VerdictAnswer.PASS or right >= required:
        return True
    ratio = _number(verdict.measured.get("llr"))
    return right >= required - 1 and ratio is not None and ratio >= least - _ROUNDED


@cache
def unguessable(count: int, bound: float) -> int:
    """Return the fewest of `count` digits that guessing gets right with at most the probability `bound`."""
    tail = 0.0
    for right in range(count, -1, -1):
        tail += comb(count, right) * _GUESS**right * (1 - _GUESS) ** (count - right)
        if tail > bound:
            return right + 1
    return 0


def _number(value: Scalar) -> float | None:
    """Return a finite number, or None. True counts as 1: some thresholds are switches."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None
