"""APCER and BPCER of ISO/IEC 30107-3. A presentation passes with a score at or above the threshold."""

from collections.abc import Hashable, Sequence
from statistics import median

import numpy as np
from msgspec import Struct

from evaluation.intervals import Rate, by_group, share, wilson

FRAMES = 5
ALL_FRAMES = 0
"""Stands for all frames of a presentation of at least five."""
BPCERS = (0.01, 0.03, 0.05)
_REPEATS = 400


class ScoredPresentation(Struct, frozen=True):
    """One presentation's scores, 0 attack … 1 live, frame by frame."""

    species: str
    group: str
    scores: tuple[float, ...]


Groups = dict[str, list[float]]
"""Scores of one species, by group."""


def median_scores(scored: Sequence[ScoredPresentation], species: str, frames: int) -> Groups:
    """Return the median of each `frames` successive scores of a presentation; a remainder is dropped."""
    groups: Groups = {}
    for one in scored:
        if one.species == species:
            size = frames if frames != ALL_FRAMES else max(FRAMES, len(one.scores))
            whole = len(one.scores) // size * size
            chunks = (one.scores[i : i + size] for i in range(0, whole, size))
            groups.setdefault(one.group, []).extend(median(chunk) for chunk in chunks)
    return {group: scores for group, scores in groups.items() if scores}


def threshold_for(live: Groups, bpcer: float) -> float | None:
    """Return the highest threshold that rejects at most this share of these very live presentations.

    It is chosen on the data on which it is then tested: take it for a hint, not for a setting.
    """
    scores = np.sort([score for group in live.values() for score in group])
    return float(scores[int(bpcer * len(scores))]) if len(scores) else None


def apcer(attacks: Groups, threshold: float, seed: int) -> Rate:
    """Return the rate of attacks that pass."""
    return _rate({group: [s >= threshold for s in scores] for group, scores in attacks.items()}, seed)


def bpcer(live: Groups, threshold: float, seed: int) -> Rate:
    """Return the rate of live presentations that do not pass."""
    return _rate({group: [s < threshold for s in scores] for group, scores in live.items()}, seed)


def _rate(errors: dict[str, list[bool]], seed: int) -> Rate:
    """Return the wider bounds of two intervals: by drawing groups, and Wilson's.

    Drawing groups knows nothing of errors that never happened, Wilson's score nothing of groups.
    """
    each = [error for group in errors.values() for error in group]
    one = wilson(sum(each), len(each))
    if not each:
        return one
    groups: dict[Hashable, Sequence[object]] = dict(errors.items())
    low, high = by_group(groups, share, repeats=_REPEATS, seed=seed)
    return Rate(errors=one.errors, trials=one.trials, low=min(one.low, low), high=max(one.high, high))
