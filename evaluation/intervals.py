"""Error rates with confidence intervals: Wilson's score interval, and a bootstrap over people."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from math import comb
from statistics import NormalDist

import numpy as np
from msgspec import Struct

CONFIDENCE = 0.95


class Rate(Struct, frozen=True, kw_only=True):
    """`errors` of `trials`, with the bounds of the interval. Without trials the rate is unknown: 0…1."""

    errors: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Errors per trial; None without trials."""
        return self.errors / self.trials if self.trials else None

    def brief(self) -> str:
        """Format the rate without its counts."""
        if self.value is None:
            return "no trials"
        return f"{self.value:.1%} ({self.low:.1%}–{self.high:.1%})"

    def __str__(self) -> str:
        if not self.trials:
            return "no trials"
        return (
            f"{self.errors / self.trials:.2%} ({self.errors}/{self.trials}, {self.low:.2%}–{self.high:.2%})"
        )


def wilson(errors: int, trials: int, confidence: float = CONFIDENCE) -> Rate:
    """Return the rate with Wilson's score interval (E. B. Wilson, 1927), which suits few errors and trials.

    The trials must be independent; where several come from one person, use `by_group`.
    """
    if not trials:
        return Rate(errors=0, trials=0, low=0.0, high=1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate = errors / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (rate * (1 - rate) / trials + z * z / (4 * trials**2)) ** 0.5
    return Rate(errors=errors, trials=trials, low=max(0.0, centre - half), high=min(1.0, centre + half))


def by_group(
    groups: Mapping[Hashable, Sequence[object]],
    statistic: Callable[[Sequence[object]], float],
    repeats: int = 1000,
    seed: int = 1,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Return the percentile interval of `statistic`, by a bootstrap over whole groups (people).

    ISO/IEC 19795-1, annex on confidence intervals: attempts of one person are not independent.
    """
    names = list(groups)
    if not names:
        return 0.0, 1.0
    random = np.random.default_rng(seed)
    values = []
    for _ in range(repeats):
        drawn = random.integers(len(names), size=len(names))
        values.append(statistic([trial for i in drawn for trial in groups[names[int(i)]]]))
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def share(errors: Sequence[object]) -> float:
    """Return the share of true values: the error rate as a statistic for `by_group`."""
    return sum(map(bool, errors)) / len(errors)


def sign_test(a: int, b: int) -> float:
    """Return how likely a split at least so uneven is if neither is better (exact binomial, two-sided)."""
    n, least = a + b, min(a, b)
    return min(1.0, 2 * sum(comb(n, k) for k in range(least + 1)) / 2**n) if n else 1.0
