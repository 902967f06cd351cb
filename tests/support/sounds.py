"""Made-up sound for the tests: a shop's noise, and "voices" whose pitch says which digit they are."""

import numpy as np

from kiosk.codes import Code
from kiosk.errors import EngineError
from kiosk.model import SAMPLE_RATE, AudioBlock
from kiosk.speech.digits import CLASSES, OTHER

RATE = SAMPLE_RATE
LOWEST_HZ = 300.0
STEP_HZ = 40.0


def noise(seconds, dbfs=-60.0, seed=0):
    """Hiss with the given RMS."""
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (10 ** (dbfs / 20) * samples).astype(np.float32)


def voice(digit, seconds=0.4, dbfs=-20.0):
    """Three harmonics whose lowest tells the digit; 10 ms fades; `dbfs` is its RMS."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = LOWEST_HZ + STEP_HZ * digit
    wave = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in (1, 2, 3))
    fade = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.01)
    wave = wave * fade
    return (wave * 10 ** (dbfs / 20) / np.sqrt(np.mean(wave**2))).astype(np.float32)


def cough(seconds=0.15, dbfs=-20.0, seed=5):
    """Loud hiss: no digit."""
    return noise(seconds, dbfs, seed)


def mix(ground, *placed):
    """Add each (sound, at_s) to a copy of the ground."""
    whole = ground.copy()
    for sound, at in placed:
        first = round(at * RATE)
        whole[first : first + len(sound)] += sound[: max(0, len(whole) - first)]
    return whole


def blocks(samples, began=0.0, size=320, seq=0):
    """Cut into blocks as a microphone would deliver them."""
    for i in range(0, len(samples), size):
        piece = samples[i : i + size]
        yield AudioBlock(samples=piece, seq=seq + i // size, at=began + i / RATE)


class PitchRecogniser:
    """Reads the digit off the pitch of `voice`; everything else is "other"."""

    name = "pitch"
    version = "1"

    def __init__(self):
        self.asked = []

    def score(self, samples, onset):
        self.asked.append((len(samples), onset))
        scores = np.full(CLASSES, np.log(0.01))
        scores[self._class(samples[onset:])] = np.log(0.9)
        return tuple(scores)

    @staticmethod
    def _class(samples):
        spectrum = np.abs(np.fft.rfft(samples, 2 * RATE))
        peak = int(np.argmax(spectrum))
        if spectrum[peak] < 20 * np.median(spectrum):
            return OTHER
        digit = round((peak / 2 - LOWEST_HZ) / STEP_HZ)
        return digit if 0 <= digit <= 9 else OTHER


class BrokenRecogniser:
    name = "broken"
    version = "1"

    def score(self, samples, onset):
        raise EngineError(Code.SPEECH_ENGINE_FAILED, "as the test wants")
