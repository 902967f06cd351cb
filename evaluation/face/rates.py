"""Error rates of comparisons with confidence intervals, as ISO/IEC 19795-1 counts them."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.face.comparisons import Comparisons
from evaluation.intervals import CONFIDENCE, Rate, wilson

THRESHOLDS = (0.30, 0.35, 0.363, 0.40, 0.45, 0.47, 0.48, 0.50, 0.55, 0.60)
FMRS = (0.01, 0.001, 0.0001)
_STEP = 0.0005  # resolution of likenesses
_BINS = round(2 / _STEP)
REPEATS = 200

Values = NDArray[np.float64]


class ErrorCurve(Struct, frozen=True, eq=False):
    """`fmr[i]`, `fnmr[i]`: false match, false non-match rate at threshold −1 + i·0.0005. NaN: no trials."""

    fmr: Values
    fnmr: Values

    def at(self, threshold: float) -> tuple[float, float]:
        """Return FMR and FNMR at a threshold."""
        i = min(max(round((threshold + 1) / _STEP), 0), _BINS)
        return float(self.fmr[i]), float(self.fnmr[i])

    def threshold_for(self, fmr: float) -> float:
        """Return the lowest threshold whose FMR is no higher."""
        return float(np.argmax(self.fmr <= fmr)) * _STEP - 1

    def fnmr_at(self, fmr: float) -> float:
        """Return the FNMR at `threshold_for(fmr)`."""
        return float(self.fnmr[np.argmax(self.fmr <= fmr)])

    def eer(self) -> float:
        """Return the equal error rate: the mean of both rates where they are closest; NaN without trials."""
        if np.isnan(self.fmr).any() or np.isnan(self.fnmr).any():
            return float("nan")
        i = int(np.argmin(abs(self.fmr - self.fnmr)))
        return float(self.fmr[i] + self.fnmr[i]) / 2


class RatesAtThreshold(Struct, frozen=True):
    """Both error rates at one threshold."""

    threshold: float
    fmr: Rate
    fnmr: Rate


class FnmrAtFmr(Struct, frozen=True, kw_only=True):
    """FNMR at the lowest threshold whose FMR, on these very trials, is at most `fmr`.

    `supported`: there are at least ten impostor comparisons for each allowed error; if not, the figure says
    more about the few strangers in the folder than about the engine.
    """

    fmr: float
    threshold: float
    fnmr: Rate
    supported: bool


class ComparisonRates(Struct, frozen=True, kw_only=True):
    """All rates of one way to compare. `people`: who has genuine comparisons, of all who are compared."""

    genuine: int
    impostors: int
    people: tuple[int, int]
    thresholds: tuple[RatesAtThreshold, ...]
    fmrs: tuple[FnmrAtFmr, ...]
    eer: float | None
    eer_interval: tuple[float, float]


class ScoreHistogram:
    """Comparisons binned by likeness once, so that each bootstrap repeat only counts."""

    def __init__(self, comparisons: Comparisons) -> None:
        bins = np.clip(np.floor((comparisons.scores + 1) / _STEP + 1e-3).astype(np.int64), 0, _BINS)
        same = comparisons.genuine
        self._genuine, self._impostors = bins[same], bins[~same]
        self._people = comparisons.references[same]
        self._pairs = comparisons.references[~same], comparisons.probes[~same]

    def curve(self, weights: Values | None = None) -> ErrorCurve:
        """Return the error rates. `weights`: how often each person was drawn, by number; None: each once.

        An impostor comparison counts as often as both its people were drawn together.
        """
        one, other = self._pairs
        impostors = None if weights is None else weights[one] * weights[other]
        genuine = None if weights is None else weights[self._people]
        return ErrorCurve(_at_or_above(self._impostors, impostors), 1 - _at_or_above(self._genuine, genuine))


def comparison_rates(comparisons: Comparisons, seed: int) -> ComparisonRates:
    """Compute rates from all comparisons, and their intervals by drawing people again and again."""
    histogram = ScoreHistogram(comparisons)
    whole, drawn = histogram.curve(), _bootstrap_curves(comparisons, histogram, seed)
    genuine = int(comparisons.genuine.sum())
    impostors = len(comparisons.scores) - genuine

    def at_threshold(threshold: float) -> RatesAtThreshold:
        (fmr, fnmr), repeats = whole.at(threshold), [c.at(threshold) for c in drawn]
        return RatesAtThreshold(
            threshold,
            _rate(fmr, impostors, [f for f, _ in repeats]),
            _rate(fnmr, genuine, [f for _, f in repeats]),
        )

    def at_fmr(fmr: float) -> FnmrAtFmr:
        return FnmrAtFmr(
            fmr=fmr,
            threshold=whole.threshold_for(fmr),
            fnmr=_rate(whole.fnmr_at(fmr), genuine, [c.fnmr_at(fmr) for c in drawn]),
            supported=impostors * fmr >= 10,
        )

    eer = whole.eer()
    with_genuine, compared = comparisons.references[comparisons.genuine], comparisons.references
    return ComparisonRates(
        genuine=genuine,
        impostors=impostors,
        people=(len(np.unique(with_genuine)), len(np.unique(compared))),
        thresholds=tuple(map(at_threshold, THRESHOLDS)),
        fmrs=tuple(map(at_fmr, FMRS)),
        eer=None if np.isnan(eer) else eer,
        eer_interval=_percentiles([c.eer() for c in drawn]),
    )


def _rate(value: float, trials: int, drawn: Sequence[float]) -> Rate:
    """Return the wider bounds of two intervals.

    Drawing people knows nothing of errors that never happened, Wilson's score nothing of people.
    """
    if not trials:
        return wilson(0, 0)
    one = wilson(round(value * trials), trials)
    low, high = _percentiles(drawn)
    return Rate(errors=one.errors, trials=trials, low=min(one.low, low), high=max(one.high, high))


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    known = [v for v in values if not np.isnan(v)]
    if not known:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _bootstrap_curves(comparisons: Comparisons, histogram: ScoreHistogram, seed: int) -> list[ErrorCurve]:
    people = np.unique(np.concatenate([comparisons.references, comparisons.probes]))
    if not len(people):
        return []
    random, last = np.random.default_rng(seed), int(people.max()) + 1
    draws = (random.choice(people, len(people)) for _ in range(REPEATS))
    return [histogram.curve(np.bincount(draw, minlength=last).astype(np.float64)) for draw in draws]


def _at_or_above(bins: NDArray[np.int64], weights: Values | None) -> Values:
    """Return the share of weight in each bin and above; NaN without weight."""
    counts = np.bincount(bins, weights, minlength=_BINS + 1)
    total = float(counts.sum())
    if not total:
        return np.full(_BINS + 1, np.nan)
    return np.asarray(np.cumsum(counts[::-1])[::-1] / total, np.float64)
