"""Small sound helpers: rate, trimming, loudness. Samples are mono float32, -1..1."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Samples = NDArray[np.float32]

_BLOCK_S = 0.01


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Change the sampling rate (polyphase filter)."""
    if rate == wanted:
        return samples.astype(np.float32)
    common = gcd(rate, wanted)
    return resample_poly(samples, wanted // common, rate // common).astype(np.float32)


def levels(samples: Samples, rate: int) -> Samples:
    """Return the RMS of consecutive 10 ms blocks."""
    block = int(rate * _BLOCK_S)
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    return np.sqrt((whole**2).mean(axis=1) + 1e-12).astype(np.float32)


def voiced(samples: Samples, rate: int, below_peak_db: float = 30.0) -> tuple[int, int]:
    """Return first and last+1 sample of what is within `below_peak_db` of the loudest block."""
    loud = levels(samples, rate)
    if not len(loud):
        return 0, len(samples)
    where = np.flatnonzero(loud >= loud.max() * 10 ** (-below_peak_db / 20))
    block = int(rate * _BLOCK_S)
    return int(where[0]) * block, (int(where[-1]) + 1) * block


def trim(samples: Samples, rate: int, pad_s: float = 0.02, below_peak_db: float = 35.0) -> Samples:
    """Cut the silence at both ends, leave `pad_s`, fade the cuts."""
    first, last = voiced(samples, rate, below_peak_db)
    pad = int(pad_s * rate)
    cut = samples[max(0, first - pad) : last + pad].copy()
    fade = min(pad, len(cut) // 4)
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    cut[:fade] *= ramp
    cut[len(cut) - fade :] *= ramp[::-1]
    return cut


def voiced_rms(samples: Samples, rate: int, below_peak_db: float = 25.0) -> float:
    """Return the RMS over the blocks within `below_peak_db` of the loudest."""
    loud = levels(samples, rate)
    kept = loud[loud >= loud.max() * 10 ** (-below_peak_db / 20)]
    return float(np.sqrt((kept**2).mean()))


def to_level(samples: Samples, rate: int, dbfs: float, ceiling: float = 0.97) -> Samples:
    """Scale so that the voiced RMS is `dbfs` (0 dBFS = RMS 1), but no peak passes `ceiling`."""
    gain = 10 ** (dbfs / 20) / max(voiced_rms(samples, rate), 1e-6)
    return (samples * min(gain, ceiling / max(float(np.abs(samples).max()), 1e-6))).astype(np.float32)


def decibels(ratio: float) -> float:
    """Return an amplitude ratio in dB."""
    return float(20 * np.log10(max(ratio, 1e-9)))
