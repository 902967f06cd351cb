"""Load sound files as the terminal would hear them, or give the reason why one cannot be used."""

import os
from enum import StrEnum
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples

RATES_HZ = (4_000, 192_000)
"""Sampling rates of microphones."""
SILENT_PEAK = 10 ** (-66 / 20)
"""−66 dBFS, one part in two thousand: what is never louder holds no speech."""
FULL_SCALE_MOST = 8.0
"""Float files may exceed full scale somewhat; beyond +18 dBFS they hold no sound."""


class SkipReason(StrEnum):
    """Reason why a row of a table, or its file, was not used."""

    MISSING = "missing"  # there is no such file
    UNREADABLE = "unreadable"  # libsndfile does not understand it
    EMPTY = "empty"  # no samples
    NOT_FINITE = "not_finite"  # NaN, infinite, or far beyond full scale
    RATE = "rate"  # a sampling rate that no microphone has
    TOO_LONG = "too_long"
    SILENT = "silent"
    LABEL = "label"  # no digits in the label
    TIMES = "times"  # display times that do not fit the digits or the recording
    TWICE = "twice"  # the file was listed before
    NOT_SEPARABLE = "not_separable"  # connected digits in which not as many voices were found


class UnusableSound(Exception):  # noqa: N818 - reads as the fact it states
    """The file is not used; always caught and counted."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def load(path: Path, longest_s: float) -> Samples:
    """Return (n,) at 16 kHz: channels averaged, resampled as the microphone does, clipped at full scale.

    Never decodes more than `longest_s`. Raises UnusableSound.
    """
    if not os.path.isfile(path):  # a Path raises for names that no file can have
        raise UnusableSound(SkipReason.MISSING)
    sound, rate = _decode(path, longest_s)
    if not len(sound):
        raise UnusableSound(SkipReason.EMPTY)
    if not np.isfinite(sound).all() or np.abs(sound).max() > FULL_SCALE_MOST:
        raise UnusableSound(SkipReason.NOT_FINITE)
    if len(sound) > longest_s * rate:
        raise UnusableSound(SkipReason.TOO_LONG)
    samples = sound.mean(axis=1)
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE, quality="MQ")
    samples = np.clip(samples, -1.0, 1.0).astype(np.float32)
    if not len(samples) or np.abs(samples).max() < SILENT_PEAK:
        raise UnusableSound(SkipReason.SILENT)
    return np.asarray(samples, np.float32)


def _decode(path: Path, longest_s: float) -> tuple[Samples, int]:
    """Return (n, channels) and the rate; one sample more than `longest_s` shows that there is more."""
    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
                raise UnusableSound(SkipReason.RATE)
            return file.read(int(longest_s * rate) + 1, dtype="float32", always_2d=True), rate
    except (RuntimeError, TypeError, ValueError, OSError):  # TypeError: headerless, its name ends in .raw
        raise UnusableSound(SkipReason.UNREADABLE) from None
