"""Synthetic hesitations, 嗯 and m-hm: a source and the resonances of a closed mouth.

A nasal murmur has a strong first resonance near 250 Hz and weak ones near 1 and 2.2 kHz (Fant, Acoustic
Theory of Speech Production, 1960). The open 呃 is left out: in the south it is a way of saying 二.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from training.digits.corpus import RATE
from training.digits.shop import Rng, Samples, levelled

_RESONANCES = ((250, 60, 1.0), (1000, 150, 0.12), (2200, 250, 0.06))  # Hz, width in Hz, gain
_LEVEL = 0.07  # RMS, as the clips have


def hum(rng: Rng) -> Samples:
    """Return one hesitation of 0.15-0.9 s, of any voice from 80 to 320 Hz, its pitch gliding."""
    length = int(rng.uniform(0.15, 0.9) * RATE)
    source = _glottal(_pitch(length, rng), rng)
    tract = float(rng.uniform(0.85, 1.25))
    spoken = sum(gain * _resonated(source, hz * tract, width) for hz, width, gain in _RESONANCES)
    return (_LEVEL * levelled(spoken * _swell(length, rng))).astype(np.float32)


def _pitch(length: int, rng: Rng) -> NDArray[np.float64]:
    centre = np.exp(rng.uniform(np.log(80), np.log(320)))
    turns = np.exp(rng.uniform(-0.25, 0.25, 3))
    return centre * np.interp(np.arange(length), [0, length / 2, length], turns)


def _glottal(hz: NDArray[np.float64], rng: Rng) -> NDArray[np.float64]:
    """Harmonics that fall by 9-15 dB an octave, over a little breath."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    fall = rng.uniform(1.5, 2.5)
    harmonics = range(1, int(3500 / hz.max()) + 1)
    return sum(np.sin(k * phase) / k**fall for k in harmonics) + 0.01 * rng.standard_normal(len(hz))


def _resonated(source: NDArray[np.float64], hz: float, width: float) -> Samples:
    angle, radius = 2 * np.pi * hz / RATE, np.exp(-np.pi * width / RATE)
    return levelled(lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], source))


def _swell(length: int, rng: Rng) -> NDArray[np.float64]:
    rise, fall = rng.uniform(0.02, 0.1) * RATE, rng.uniform(0.03, 0.2) * RATE
    at = np.arange(length)
    return np.minimum(1, np.minimum(at / rise, (length - at) / fall))
