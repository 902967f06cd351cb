"""Hold the last seconds of sound, with the time at which each sample was taken."""

from bisect import bisect_right

import numpy as np

from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Samples

LENGTH_S = 6.0
"""Longer than the longest voice with the sound around it, and as long as a waiting queue may be."""


class AudioBuffer:
    """Ring of samples, addressed by their position since the first sample ever appended or discarded."""

    def __init__(self, length_s: float = LENGTH_S) -> None:
        self._ring = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
        self._end = 0
        self._block_starts: list[int] = []  # position of the first sample of each block …
        self._block_times: list[float] = []  # … and when it was taken

    @property
    def start(self) -> int:
        """Position of the oldest sample that is still held."""
        return max(0, self._end - len(self._ring))

    @property
    def end(self) -> int:
        """Position behind the newest sample."""
        return self._end

    def append(self, block: AudioBlock) -> None:
        """Add the block's samples behind the newest."""
        self.discard(block)
        samples = block.samples[-len(self._ring) :]
        places = np.arange(self._end - len(samples), self._end) % len(self._ring)
        self._ring[places] = samples

    def discard(self, block: AudioBlock) -> None:
        """Advance by the block without keeping its samples: only when it was taken is noted."""
        self._block_starts.append(self._end)
        self._block_times.append(block.at)
        self._end += len(block.samples)
        outdated = bisect_right(self._block_starts, self.start) - 1
        if outdated > 100:
            del self._block_starts[:outdated]
            del self._block_times[:outdated]

    def cut(self, begin: int, end: int) -> Samples:
        """Return a copy of the samples of [begin, end) that are still held."""
        begin = max(begin, self._end - len(self._ring), 0)
        return self._ring[np.arange(begin, min(end, self._end)) % len(self._ring)]

    def time_at(self, position: int) -> float:
        """Return when the sample at `position` was (or will be) taken, in seconds of the capture clock.

        Raises IndexError before the first block.
        """
        block = max(0, bisect_right(self._block_starts, position) - 1)
        return self._block_times[block] + (position - self._block_starts[block]) / SAMPLE_RATE

    def clear(self) -> None:
        """Overwrite every sample."""
        self._ring[:] = 0.0
