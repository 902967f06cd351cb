"""APCER and BPCER: ISO/IEC 30107-3. A presentation passes with a score at or above the threshold."""

from collections.abc import Hashable, Sequence
from statistics import median

import numpy as np
from msgspec import Struct

from evaluation.intervals import Rate, by_group, wilson

FRAMES = 5
WHOLE = 0
"""Instead of a number of frames: all of a presentation, if there are at least five."""
BPCERS = (0.01, 0.03, 0.05)
_REPEATS = 400


class Scored(Struct, frozen=True):
    """One presentation's scores, 0 attack … 1 live, frame by frame."""

    species: str
    group: str
    scores: tuple[float, ...]


Groups = dict[str, list[float]]
"""Scores of one species by group."""


def trials(scored: Sequence[Scored], species: str, frames: int) -> Groups:
    """One score for each `frames` successive frames of a presentation: their median. A rest is left out."""
    groups: Groups = {}
    for one in scored:
        if one.species == species:
            chunks = _chunks(one.scores, frames)
            groups.setdefault(one.group, []).extend(median(chunk) for chunk in chunks)
    return {group: scores for group, scores in groups.items() if scores}


def _chunks(scores: Sequence[float], frames: int) -> list[Sequence[float]]:
    if frames == WHOLE:
        return [scores] if len(scores) >= FRAMES else []
    whole = len(scores) // frames * frames
    return [scores[i : i + frames] for i in range(0, whole, frames)]


def threshold_for(live: Groups, bpcer: float) -> float | None:
    """The highest threshold that rejects at most this share of these very live presentations.

    It is chosen on the data that it is then judged on: take it for a hint, not for a setting.
    """
    scores = np.sort([score for group in live.values() for score in group])
    return float(scores[int(bpcer * len(scores))]) if len(scores) else None


def apcer(attacks: Groups, threshold: float, seed: int) -> Rate:
    """Attacks that pass."""
    return _rate({group: [s >= threshold for s in scores] for group, scores in attacks.items()}, seed)


def bpcer(live: Groups, threshold: float, seed: int) -> Rate:
    """Live presentations that do not pass."""
    return _rate({group: [s < threshold for s in scores] for group, scores in live.items()}, seed)


def _rate(errors: dict[str, list[bool]], seed: int) -> Rate:
    """The wider of two intervals: drawing groups, and Wilson's score, which knows of errors not yet seen."""
    each = [error for group in errors.values() for error in group]
    one = wilson(sum(each), len(each))
    if not each:
        return one
    groups: dict[Hashable, Sequence[object]] = dict(errors.items())
    low, high = by_group(groups, _share, repeats=_REPEATS, seed=seed)
    return Rate(one.errors, one.trials, min(one.low, low), max(one.high, high))


def _share(errors: Sequence[object]) -> float:
    return sum(map(bool, errors)) / len(errors)
