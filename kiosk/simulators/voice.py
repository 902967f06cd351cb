"""Voice of a simulated customer: recorded digits."""

import re
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples

_FILE_NAME = re.compile(r"(?P<digit>\d|yao)-(?P<take>\w+)\.(ogg|flac|wav)")


class Voice:
    """Clips `<digit>-<take>.ogg` and `yao-<take>.ogg` (the other word for one) of one speaker's folder.

    The same seed chooses the same takes.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        """Raise FileNotFoundError if a digit has no clip."""
        self._random = np.random.default_rng(seed)
        self._clips: dict[int, list[Path]] = {digit: [] for digit in range(10)}
        for path in sorted(folder.iterdir()):
            found = _FILE_NAME.fullmatch(path.name)
            if found:
                self._clips[1 if found["digit"] == "yao" else int(found["digit"])].append(path)
        missing = [digit for digit, paths in self._clips.items() if not paths]
        if missing:
            raise FileNotFoundError(f"{folder.name}: no clip of {missing}")

    def takes(self, digit: int) -> int:
        """Return the number of takes of the digit."""
        return len(self._clips[digit])

    def say(self, digit: int, take: int | None = None) -> Samples:
        """Return the digit as (n,) float32 at 16 kHz; without `take` one of its takes at random."""
        paths = self._clips[digit]
        index = int(self._random.integers(len(paths))) if take is None else take % len(paths)
        sound, rate = soundfile.read(paths[index], dtype="float32", always_2d=True)
        mono: Samples = sound.mean(axis=1)
        return mono if rate == SAMPLE_RATE else np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), np.float32)
