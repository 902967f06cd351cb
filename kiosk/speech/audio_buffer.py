"""The last seconds of sound, with the time at which each sample was taken."""

from bisect import bisect_right

import numpy as np

from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.ports import Samples

LENGTH_S = 6.0
"""Longer than the longest voice with the sound around it, and as long as a waiting queue may be."""


class AudioBuffer:
    """A ring of samples that can be cut out by their position since the beginning, and wiped."""

    def __init__(self, length_s: float = LENGTH_S) -> None:
        self._ring = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
        self._end = 0
        self._starts: list[int] = []  # position of the first sample of each block …
        self._times: list[float] = []  # … and when it was taken

    @property
    def end(self) -> int:
        """Position behind the newest sample."""
        return self._end

    def add(self, block: AudioBlock) -> None:
        """Keep the block's samples behind those before it."""
        self.skip(block)
        samples = block.samples[-len(self._ring) :]
        places = np.arange(self._end - len(samples), self._end) % len(self._ring)
        self._ring[places] = samples

    def skip(self, block: AudioBlock) -> None:
        """Note when the block was taken, without keeping it: nobody is being listened to."""
        self._starts.append(self._end)
        self._times.append(block.at)
        self._end += len(block.samples)
        self._drop_old_times()

    def cut(self, begin: int, end: int) -> Samples:
        """A copy of the samples of [begin, end) that are still there."""
        begin = max(begin, self._end - len(self._ring), 0)
        return self._ring[np.arange(begin, min(end, self._end)) % len(self._ring)]

    def oldest(self) -> int:
        """Position of the oldest sample that is still there."""
        return max(0, self._end - len(self._ring))

    def at(self, position: int) -> float:
        """When the sample at `position` was (or will be) taken; raises IndexError before the first block."""
        block = max(0, bisect_right(self._starts, position) - 1)
        return self._times[block] + (position - self._starts[block]) / SAMPLE_RATE

    def wipe(self) -> None:
        """Overwrite every sample."""
        self._ring[:] = 0.0

    def _drop_old_times(self) -> None:
        gone = bisect_right(self._starts, self.oldest()) - 1
        if gone > 100:
            del self._starts[:gone]
            del self._times[:gone]
