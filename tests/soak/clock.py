"""Simulated time, which passes only when it is advanced, and the actions that are due at each moment."""

import heapq
import itertools
import mmap
import struct
from collections.abc import Callable
from pathlib import Path

_FORM = "dd"


class SimulatedClock:
    """Simulated time in a file, so that central's process and the forked ones see the same.

    `monotonic` never goes back; `unix` is what the terminal's wall clock shows, wrong by `off_s`;
    `true_unix` is central's.
    """

    def __init__(self, path: Path, began_unix: float | None = None) -> None:
        """`began_unix`: make the file; None: open one that exists."""
        if began_unix is not None:
            path.write_bytes(struct.pack(_FORM, 0.0, began_unix))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self.off_s = 0.0

    def monotonic(self) -> float:
        return struct.unpack(_FORM, self._memory)[0]

    def true_unix(self) -> float:
        return sum(struct.unpack(_FORM, self._memory))

    def unix(self) -> float:
        return self.true_unix() + self.off_s

    def advance(self, to: float) -> None:
        """Advance to `to`, never back."""
        now, began = struct.unpack(_FORM, self._memory)
        self._memory[:] = struct.pack(_FORM, max(now, to), began)

    def close(self) -> None:
        self._memory.close()


class Owner:
    """Owner of actions; once `gone`, they are not done any more."""

    def __init__(self) -> None:
        self.gone = False


class Agenda:
    """Queue of actions by the time at which they are due; the same order for the same seed."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self._due: list[tuple[float, int, Owner, Callable[[], None]]] = []
        self._count = itertools.count()

    def after(self, seconds: float, owner: Owner, do: Callable[[], None]) -> None:
        self.at(self.clock.monotonic() + seconds, owner, do)

    def at(self, when: float, owner: Owner, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._count), owner, do))

    @property
    def next(self) -> float | None:
        """When the next action is due; actions whose owner is gone are dropped."""
        while self._due and self._due[0][2].gone:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def do_next(self) -> None:
        when, _, owner, do = heapq.heappop(self._due)
        self.clock.advance(when)
        if not owner.gone:
            do()

    def __len__(self) -> int:
        return len(self._due)
