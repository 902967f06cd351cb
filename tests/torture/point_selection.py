"""Selects which points of a part are tried, so that a run can be split, stopped and resumed."""

from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class PointSelection(Struct, frozen=True):
    """Points are counted from 1. `done`: those that an earlier run has tried."""

    every: int = 1
    first: int = 1
    last: int = 1_000_000
    done: frozenset[int] = frozenset()

    def numbers(self) -> Iterator[int]:
        selection = takewhile(lambda n: n <= self.last, count(self.first, self.every))
        return (n for n in selection if n not in self.done)

    def of(self, points: Sequence[T]) -> Iterator[tuple[int, T]]:
        """Yield the selected points, each with its number."""
        return ((n, points[n - 1]) for n in takewhile(lambda n: n <= len(points), self.numbers()))


ALL_POINTS = PointSelection()
