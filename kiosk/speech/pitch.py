"""The pitch of a voice, from its autocorrelation. Pure.

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
"""Frames with pitch that make a voice's."""


def pitch_hz(voice: Samples) -> float | None:
    """Median over the frames of (n,) at 16 kHz that have a pitch; None if there are fewer than three."""
    found = [hz for i in range(0, len(voice) - FRAME + 1, HOP) if (hz := _of_frame(voice[i : i + FRAME]))]
    return round(float(np.median(found)), 1) if len(found) >= FEWEST else None


def _of_frame(frame: Samples) -> float | None:
    """r(k) / r(0), each r by the number of samples that overlap, so that long periods are no worse."""
    frame = frame - frame.mean()
    spectrum = np.fft.rfft(frame, 2 * FRAME)
    overlap = np.arange(FRAME, 0, -1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:FRAME] / overlap
    if correlation[0] <= 1e-9:
        return None
    first, last = round(SAMPLE_RATE / HIGHEST_HZ), round(SAMPLE_RATE / LOWEST_HZ)
    likeness = correlation[first : last + 1] / correlation[0]
    best = likeness.max()
    if best < PERIODIC:
        return None
    period = first + int(np.flatnonzero(likeness >= 0.9 * best)[0])  # the shortest of its multiples
    return SAMPLE_RATE / (period + _rest(correlation, period))


def _rest(correlation: np.ndarray, at: int) -> float:
    """Climb to the local maximum: steps from `at`, at most a tenth of the period."""
    there = at
    while there < at + at // 10 and correlation[there + 1] > correlation[there]:
        there += 1
    return float(there - at)
