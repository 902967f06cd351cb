"""Error rates of comparisons, and how sure they are: ISO/IEC 19795-1."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.face.comparisons import Trials
from evaluation.intervals import CONFIDENCE, Rate, wilson

THRESHOLDS = (0.30, 0.35, 0.363, 0.40, 0.45, 0.47, 0.48, 0.50, 0.55, 0.60)
FMRS = (0.01, 0.001, 0.0001)
_STEP = 0.0005  # likenesses are told apart no finer than this
_BINS = round(2 / _STEP)
REPEATS = 200

Line = NDArray[np.float64]


class Curve(Struct, frozen=True, eq=False):
    """`fmr[i]`, `fnmr[i]`: false match, false non-match rate at threshold −1 + i·0.0005. NaN: no trials."""

    fmr: Line
    fnmr: Line

    def at(self, threshold: float) -> tuple[float, float]:
        i = min(max(round((threshold + 1) / _STEP), 0), _BINS)
        return float(self.fmr[i]), float(self.fnmr[i])

    def threshold_for(self, fmr: float) -> float:
        """The lowest threshold whose FMR is no higher."""
        return float(np.argmax(self.fmr <= fmr)) * _STEP - 1

    def fnmr_at(self, fmr: float) -> float:
        return float(self.fnmr[np.argmax(self.fmr <= fmr)])

    def eer(self) -> float:
        """Equal error rate: the mean of both where they are closest."""
        if np.isnan(self.fmr).any() or np.isnan(self.fnmr).any():
            return float("nan")
        i = int(np.argmin(abs(self.fmr - self.fnmr)))
        return float(self.fmr[i] + self.fnmr[i]) / 2


class At(Struct, frozen=True):
    """At one threshold."""

    threshold: float
    fmr: Rate
    fnmr: Rate


class AtFmr(Struct, frozen=True):
    """At the lowest threshold whose FMR, on these very trials, is at most `fmr`.

    `supported`: there are at least ten impostor comparisons for each allowed error; if not, the figure says
    more about the few strangers in the folder than about the engine.
    """

    fmr: float
    threshold: float
    fnmr: Rate
    supported: bool


class Figures(Struct, frozen=True):
    """All about one way to compare. `people`: who has genuine comparisons, of all who are compared."""

    genuine: int
    impostors: int
    people: tuple[int, int]
    thresholds: tuple[At, ...]
    fmrs: tuple[AtFmr, ...]
    eer: float | None
    eer_interval: tuple[float, float]


class Binned:
    """Comparisons sorted into steps of likeness once, to be counted again and again."""

    def __init__(self, trials: Trials) -> None:
        bins = np.clip(np.floor((trials.scores + 1) / _STEP + 1e-3).astype(np.int64), 0, _BINS)
        same = trials.genuine
        self._genuine, self._impostors = bins[same], bins[~same]
        self._people = trials.references[same]
        self._pairs = trials.references[~same], trials.probes[~same]

    def curve(self, weights: NDArray[np.float64] | None = None) -> Curve:
        """`weights`: how often each person was drawn, by the person's number; all once if None.

        An impostor comparison counts as often as both its people were drawn together.
        """
        one, other = self._pairs
        impostors = None if weights is None else weights[one] * weights[other]
        genuine = None if weights is None else weights[self._people]
        return Curve(_at_or_above(self._impostors, impostors), 1 - _at_or_above(self._genuine, genuine))


def figures(trials: Trials, seed: int) -> Figures:
    """Point values from all comparisons, intervals from drawing people again and again."""
    binned = Binned(trials)
    whole, drawn = binned.curve(), _drawn(trials, binned, seed)
    genuine = int(trials.genuine.sum())
    impostors = len(trials.scores) - genuine
    eer = whole.eer()
    return Figures(
        genuine,
        impostors,
        (len(np.unique(trials.references[trials.genuine])), len(np.unique(trials.references))),
        tuple(_at(threshold, whole, drawn, genuine, impostors) for threshold in THRESHOLDS),
        tuple(_at_fmr(fmr, whole, drawn, genuine, impostors) for fmr in FMRS),
        None if np.isnan(eer) else eer,
        _spread([c.eer() for c in drawn]),
    )


def _at(threshold: float, whole: Curve, drawn: Sequence[Curve], genuine: int, impostors: int) -> At:
    fmr, fnmr = whole.at(threshold)
    return At(
        threshold,
        _rate(fmr, impostors, [c.at(threshold)[0] for c in drawn]),
        _rate(fnmr, genuine, [c.at(threshold)[1] for c in drawn]),
    )


def _at_fmr(fmr: float, whole: Curve, drawn: Sequence[Curve], genuine: int, impostors: int) -> AtFmr:
    rate = _rate(whole.fnmr_at(fmr), genuine, [c.fnmr_at(fmr) for c in drawn])
    return AtFmr(fmr, whole.threshold_for(fmr), rate, impostors * fmr >= 10)


def _rate(value: float, trials: int, drawn: Sequence[float]) -> Rate:
    """Both intervals' wider bounds: drawing people knows nothing of errors that never happened, Wilson's
    score nothing of people.
    """
    if not trials:
        return wilson(0, 0)
    one = wilson(round(value * trials), trials)
    low, high = _spread(drawn)
    return Rate(one.errors, trials, min(one.low, low), max(one.high, high))


def _spread(values: Sequence[float]) -> tuple[float, float]:
    known = [v for v in values if not np.isnan(v)]
    if not known:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _drawn(trials: Trials, binned: Binned, seed: int) -> list[Curve]:
    people = np.unique(np.concatenate([trials.references, trials.probes]))
    if not len(people):
        return []
    random, last = np.random.default_rng(seed), int(people.max()) + 1

    def weights() -> NDArray[np.float64]:
        drawn = random.choice(people, len(people))
        return np.bincount(drawn, minlength=last).astype(np.float64)

    return [binned.curve(weights()) for _ in range(REPEATS)]


def _at_or_above(bins: NDArray[np.int64], weights: NDArray[np.float64] | None) -> Line:
    """The share of weight in each bin and above; NaN without weight."""
    counts = np.bincount(bins, weights, minlength=_BINS + 1)
    total = float(counts.sum())
    if not total:
        return np.full(_BINS + 1, np.nan)
    return np.asarray(np.cumsum(counts[::-1])[::-1] / total, np.float64)
