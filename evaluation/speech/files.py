"""Sound files as the terminal would hear them, or the reason why one is of no use."""

import os
from enum import StrEnum
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples

RATES_HZ = (4_000, 192_000)
"""No microphone delivers less or more."""
SILENT_PEAK = 10 ** (-66 / 20)
"""−66 dBFS, one part in two thousand: what never gets louder holds nothing that was said."""
FULL_SCALE_MOST = 8.0
"""Float files may go somewhat over full scale; beyond +18 dBFS they are no sound."""


class Reason(StrEnum):
    """Why a row of a table, or its file, was not used."""

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


class Unusable(Exception):  # noqa: N818 - reads as the fact it states
    """Not used; always caught and counted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def load(path: Path, longest_s: float) -> Samples:
    """(n,) at 16 kHz: channels averaged, resampled as the terminal's microphone does, clipped at full scale.

    Never decodes more than `longest_s`. Raises Unusable.
    """
    if not os.path.isfile(path):  # a Path raises for names that no file can have
        raise Unusable(Reason.MISSING)
    sound, rate = _decode(path, longest_s)
    if not len(sound):
        raise Unusable(Reason.EMPTY)
    if not np.isfinite(sound).all() or np.abs(sound).max() > FULL_SCALE_MOST:
        raise Unusable(Reason.NOT_FINITE)
    if len(sound) > longest_s * rate:
        raise Unusable(Reason.TOO_LONG)
    samples = _at_our_rate(sound.mean(axis=1), rate)
    if not len(samples) or np.abs(samples).max() < SILENT_PEAK:
        raise Unusable(Reason.SILENT)
    return samples


def _decode(path: Path, longest_s: float) -> tuple[Samples, int]:
    """(n, channels) and the rate; one sample more than wanted tells that there is more."""
    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
                raise Unusable(Reason.RATE)
            return file.read(int(longest_s * rate) + 1, dtype="float32", always_2d=True), rate
    except (RuntimeError, TypeError, ValueError, OSError):  # TypeError: headerless, its name ends in .raw
        raise Unusable(Reason.UNREADABLE) from None


def _at_our_rate(mono: Samples, rate: int) -> Samples:
    same = mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE, quality="MQ")
    return np.clip(same, -1.0, 1.0).astype(np.float32)
