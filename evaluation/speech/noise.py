"""Synthetic noises of a shop: the same for the same generator, RMS 1 over 0–8 kHz."""

from collections.abc import Callable
from functools import cache

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from kiosk.model import SAMPLE_RATE
from kiosk.paths import RESOURCES
from kiosk.ports import Samples

NoiseMaker = Callable[[int, np.random.Generator], Samples]
"""Function of the number of samples and a generator; returns (n,) at 16 kHz."""
TALKERS = 6
TALKERS_SPEED = (0.82, 1.22)
"""Factors of speed and, with it, pitch: the one voice there is becomes several."""


def white(count: int, random: np.random.Generator) -> Samples:
    """Make Gaussian noise with a flat spectrum."""
    return _levelled(random.standard_normal(count))


def hum(count: int, random: np.random.Generator) -> Samples:
    """Make a refrigerator: twelve falling harmonics of 50 Hz mains over a rumble at −14 dB."""
    t = np.arange(count) / SAMPLE_RATE
    mains = random.uniform(49.8, 50.2)
    waves = [
        random.uniform(0.5, 1.0) / k * np.sin(2 * np.pi * (k * mains * t + random.uniform()))
        for k in range(1, 13)
    ]
    return _levelled(_levelled(np.sum(waves, axis=0)) + 0.2 * _coloured(count, random, 60.0, -6.0))


def coffee(count: int, random: np.random.Generator) -> Samples:
    """Make a coffee machine: a grinder (resonances modulated at 100 Hz) and steam that hisses at times."""
    t = np.arange(count) / SAMPLE_RATE
    grinder = sum(_resonance(count, random, hz) for hz in random.uniform((250, 900, 2000), (600, 1800, 4200)))
    shaken = grinder * (1.0 + 0.6 * np.sin(2 * np.pi * 100.0 * t + random.uniform(0, 6)))
    steam = _coloured(count, random, 3000.0, 6.0) * _intermittent(count, random)
    return _levelled(_levelled(shaken) + 0.8 * steam)


def babble(count: int, random: np.random.Generator) -> Samples:
    """Make six people who say Mandarin sentences: the terminal's own prompts, at other speeds and pitches."""
    return _levelled(np.sum([_talker(count, random) for _ in range(TALKERS)], axis=0))


NOISES: dict[str, NoiseMaker] = {"white": white, "babble": babble, "hum": hum, "coffee": coffee}


def _talker(count: int, random: np.random.Generator) -> Samples:
    """Join sentences of one voice, beginning at a random place within the first."""
    speed = random.uniform(*TALKERS_SPEED)
    sentences, length = [], 0
    skip = int(random.integers(SAMPLE_RATE))
    while length < count + skip:
        one = _sentences()[int(random.integers(len(_sentences())))]
        sentences.append(soxr.resample(one, speed * SAMPLE_RATE, SAMPLE_RATE, quality="MQ"))
        length += len(sentences[-1])
    return _levelled(np.concatenate(sentences)[skip : skip + count]) * np.float32(random.uniform(0.5, 1.0))


@cache
def _sentences() -> list[Samples]:
    paths = sorted((RESOURCES / "sounds" / "prompts" / "zh-Hans").glob("*.ogg"))
    sounds = (soundfile.read(path, dtype="float32", always_2d=True) for path in paths)
    return [
        np.asarray(soxr.resample(sound.mean(axis=1), rate, SAMPLE_RATE, quality="MQ"), np.float32)
        for sound, rate in sounds
    ]


def _coloured(count: int, random: np.random.Generator, corner_hz: float, db_per_octave: float) -> Samples:
    """Make noise that is flat below the corner frequency and rises or falls above it."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE) / corner_hz, 1.0))
    return _levelled(np.fft.irfft(spectrum * 10 ** (db_per_octave * octaves / 20), count))


def _resonance(count: int, random: np.random.Generator, hz: float) -> Samples:
    """Make noise around one frequency, a third of an octave wide."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 1.0) / hz)
    return _levelled(np.fft.irfft(spectrum * np.exp(-0.5 * (octaves / 0.17) ** 2), count))


def _intermittent(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return (count,) 0…1: a new value every half second, with slopes between them."""
    steps = np.arange(0, count + SAMPLE_RATE, SAMPLE_RATE // 2)
    return np.asarray(np.interp(np.arange(count), steps, random.choice([0.0, 0.3, 1.0], len(steps))))


def _levelled(samples: NDArray[np.floating]) -> Samples:
    return (samples / max(float(np.sqrt(np.mean(np.square(samples)))), 1e-12)).astype(np.float32)
