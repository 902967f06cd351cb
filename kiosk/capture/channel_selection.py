"""Chooses the channel of a microphone that has the sound. Pure.

Many sound cards show one microphone as two channels of which one is dead, and nobody in a shop knows which.
"""

import numpy as np
from numpy.typing import NDArray

MEMORY_S = 1.0
"""The power of each channel is remembered with this time constant."""
STRONGER = 10 ** (12 / 10)
"""Another channel has to be 12 dB stronger: a cough must not exchange two live ones."""
NO_SIGNAL = 10 ** (-90 / 10)
"""Mean square below which no channel is better than another."""


class ChannelSelector:
    """Stays with a channel until another is much stronger. Used by one thread."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._power: NDArray[np.float64] | None = None
        self.chosen = 0
        """Counts from 0."""

    def choose(self, raw: NDArray[np.float32]) -> int:
        """Return the channel to take from (n, channels), n ≥ 1. A constant signal counts as no sound."""
        power = np.nan_to_num(raw, posinf=0.0, neginf=0.0).var(axis=0, dtype=np.float64)
        if self._power is None:
            self._power = power
        else:
            kept = float(np.exp(-len(raw) / (MEMORY_S * self._rate)))
            self._power = kept * self._power + (1.0 - kept) * power
        best = int(np.argmax(self._power))
        if self._power[best] > STRONGER * max(self._power[self.chosen], NO_SIGNAL):
            self.chosen = best
        return self.chosen
