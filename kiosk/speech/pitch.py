"""Estimate the pitch of a voice from its autocorrelation. Pure.

Evidence only: the tones of Mandarin move one person's pitch by up to an octave, so it tells a child from a
man, never one man from another.
"""

import numpy as np

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples

LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0
FRAME, HOP = 800, 320
"""Samples: 50 ms hold three periods of the lowest pitch."""
PERIODIC = 0.5
"""Normalised autocorrelation below which a frame has no pitch (hiss of 四, 七, 六's end; noise)."""
FEWEST = 3
"""Frames with a pitch that a voice needs to have one."""


def pitch_hz(voice: Samples) -> float | None:
    """Return the median pitch of the frames of `voice` ((n,), 16 kHz); None if fewer than three have one."""
    found = [hz for i in range(0, len(voice) - FRAME + 1, HOP) if (hz := _frame_pitch(voice[i : i + FRAME]))]
    return round(float(np.median(found)), 1) if len(found) >= FEWEST else None


def _frame_pitch(frame: Samples) -> float | None:
    """Return the pitch in Hz, or None, by r(k) / r(0).

    Each r is divided by the number of samples that overlap, so that long periods are no worse off.
    """
    frame = frame - frame.mean()
    spectrum = np.fft.rfft(frame, 2 * FRAME)
    overlap = np.arange(FRAME, 0, -1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:FRAME] / overlap
    if correlation[0] <= 1e-9:
        return None
    first, last = round(SAMPLE_RATE / HIGHEST_HZ), round(SAMPLE_RATE / LOWEST_HZ)
    normalised = correlation[first : last + 1] / correlation[0]
    best = normalised.max()
    if best < PERIODIC:
        return None
    period = first + int(np.flatnonzero(normalised >= 0.9 * best)[0])  # the shortest of its multiples
    return SAMPLE_RATE / _local_maximum(correlation, period)


def _local_maximum(correlation: np.ndarray, period: int) -> int:
    """Climb from `period` to the next local maximum, by at most a tenth of the period."""
    peak = period
    while peak < period + period // 10 and correlation[peak + 1] > correlation[peak]:
        peak += 1
    return peak
