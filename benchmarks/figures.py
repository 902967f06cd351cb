"""What a benchmark brings back: series of measurements, a goal, and how they compare."""

from collections.abc import Iterable
from statistics import median, quantiles

from msgspec import Struct


class Series(Struct, frozen=True):
    """The same thing measured again and again; `values` in `unit`."""

    label: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The 10th and the 90th percentile; of fewer than ten values the least and the greatest."""
        if len(self.values) < 10:
            return min(self.values), max(self.values)
        tenths = quantiles(self.values, n=10, method="inclusive")
        return tenths[0], tenths[-1]


class Goal(Struct, frozen=True):
    """A limit that the median is compared with; `most`: it may be at most so much, else at least."""

    limit: float
    most: bool = True

    def reached(self, series: Series) -> bool:
        """Does the median keep the limit?"""
        return series.median <= self.limit if self.most else series.median >= self.limit

    def told(self, series: Series) -> str:
        """For people: the goal, and whether it was reached."""
        sign = "≤" if self.most else "≥"
        met = "reached" if self.reached(series) else "not reached"
        return f"goal {sign} {self.limit:g} {series.unit}: {met}"


class Result(Struct, frozen=True):
    """One figure. `baselines` are measured in the same run; `parts` say where the figure comes from.

    `load`: the machine's load average over one minute when the measuring began.
    """

    name: str
    title: str
    ours: Series
    baselines: tuple[Series, ...]
    parts: tuple[Series, ...] = ()
    goal: Goal | None = None
    remark: str = ""
    load: float = 0.0


def series(label: str, unit: str, values: Iterable[float]) -> Series:
    """Raises ValueError if there are no values: nothing measured is no measurement."""
    kept = tuple(values)
    if not kept:
        raise ValueError(f"{label}: nothing was measured")
    return Series(label, unit, kept)
