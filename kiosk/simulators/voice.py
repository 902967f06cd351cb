"""A simulated customer's voice: recorded digits, and how far the mouth is open while they are said."""

import re
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples

STEP = SAMPLE_RATE // 100
"""Samples of one step of the envelope: 10 ms."""
OPENS_S = 0.04
CLOSES_S = 0.09
"""Time constants of the jaw: it opens faster than it closes."""
_NAME = re.compile(r"(?P<word>\d|yao)-(?P<take>\w+)\.(ogg|flac|wav)")


class Voice:
    """Clips `<digit>-<take>.ogg` and `yao-<take>.ogg` (the other way to say one) of one speaker's folder.

    The same seed says the same things in the same way. Raises FileNotFoundError if a digit has no clip.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._clips: dict[int, list[Path]] = {digit: [] for digit in range(10)}
        for path in sorted(folder.iterdir()):
            found = _NAME.fullmatch(path.name)
            if found:
                self._clips[1 if found["word"] == "yao" else int(found["word"])].append(path)
        missing = [digit for digit, paths in self._clips.items() if not paths]
        if missing:
            raise FileNotFoundError(f"{folder.name}: no clip of {missing}")

    def takes(self, digit: int) -> int:
        """In how many ways this voice can say the digit."""
        return len(self._clips[digit])

    def say(self, digit: int, take: int | None = None) -> Samples:
        """The digit, as (n,) float32 at 16 kHz; without `take` one of its ways at random."""
        paths = self._clips[digit]
        index = int(self._rng.integers(len(paths))) if take is None else take % len(paths)
        sound, rate = soundfile.read(paths[index], dtype="float32", always_2d=True)
        mono: Samples = sound.mean(axis=1)
        return mono if rate == SAMPLE_RATE else np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), np.float32)

    @staticmethod
    def envelope(samples: Samples) -> NDArray[np.float32]:
        """(n,) → (⌈n/160⌉,): how far the mouth is open, 0…1, every 10 ms."""
        padded = np.pad(samples, (0, -len(samples) % STEP)).reshape(-1, STEP)
        loudness = np.sqrt(np.mean(padded**2, axis=1, dtype=np.float64))
        loudest = np.percentile(loudness, 95) if len(loudness) else 0.0
        if loudest <= 0.0:
            return np.zeros(len(padded), np.float32)
        return _jaw(np.sqrt(np.minimum(1.0, loudness / loudest)))


def _jaw(wanted: NDArray[np.float64]) -> NDArray[np.float32]:
    """A mouth has mass: it follows the loudness with a delay."""
    opening = np.zeros(len(wanted), np.float32)
    now = 0.0
    for i, target in enumerate(wanted):
        constant = OPENS_S if target > now else CLOSES_S
        now += (float(target) - now) * min(1.0, 0.01 / constant)
        opening[i] = now
    return opening
