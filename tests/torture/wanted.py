"""Which points of a part are to be tried: a run can be taken in pieces, and broken off and taken up again."""

from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class Wanted(Struct, frozen=True):
    """Points are counted from 1. `done`: those that an earlier run has tried."""

    every: int = 1
    first: int = 1
    last: int = 1_000_000
    done: frozenset[int] = frozenset()

    def numbers(self) -> Iterator[int]:
        wanted = takewhile(lambda n: n <= self.last, count(self.first, self.every))
        return (n for n in wanted if n not in self.done)

    def of(self, points: Sequence[T]) -> Iterator[tuple[int, T]]:
        """With the number of each."""
        return ((n, points[n - 1]) for n in takewhile(lambda n: n <= len(points), self.numbers()))


ALL_POINTS = Wanted()
