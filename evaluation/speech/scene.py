"""Scenes: sound with display times, as the terminal's microphone would deliver it.

A scene is what came of a reading (`speech_reader`); or it is one clip alone; or a recording as it is.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples
from kiosk.settings import SpeechSettings
from kiosk.speech.endpoint import Endpointer, VoiceSegment

LENGTH = 6
"""Digits of a challenge."""
GAPS_S = (0.9, 1.5)
"""How long each digit stays, uniform; as central issues them."""
REACTION_S = (0.3, 0.6)
"""From the display to the onset of the voice, uniform: choice reaction to a numeral, spoken."""
BREATH_S = 0.10
"""Nobody begins the next digit sooner after the end of the one before."""
LEAD_S = 1.0
"""The shop is heard so long before the first digit; the noise floor settles."""
VOICE_RMS = 10 ** (-23 / 20)
"""A voice is brought to −23 dBFS (RMS of its voiced part), give or take …"""
LOUDER_DB = 4.0
"""… so much from one challenge to the next."""
MARGIN_S = (0.08, 0.12)
"""Kept before and behind the voice when a digit is cut out of its clip, faded in and out."""
AROUND_S = 0.8
"""Room tone before and behind a clip that is heard alone."""
TONE_BELOW_PEAK_DB = 25.0
"""A clip cut so tightly that its quietest tenth is voice gets a room tone so far below its loudest 25 ms."""
NO_SOUND = 10 ** (-80 / 10)
"""Mean square of digital silence, which some programs put around a clip: it tells nothing of the room."""
SHORTEST_PAUSE_S = 0.08
"""Between two digits of a connected clip; shorter silences are inside of digits, before 七 or 四."""
ALIKE_DB = 15.0
"""A voice in a clip is at most so much weaker than the clip's strongest, else it is a rustle."""

_FRAME = 400


class Scene(Struct, frozen=True, eq=False):
    """What can be heard, (n,) at 16 kHz, and when (seconds since its beginning) which digit was painted."""

    speaker: str
    digits: tuple[int, ...]
    shown: tuple[float, ...]
    samples: Samples


class Spoken(Struct, frozen=True, eq=False):
    """A digit cut out of its clip: unit RMS between its onset and its end."""

    samples: Samples
    onset: int  # samples
    end: int


def voices(samples: Samples, speech: SpeechSettings) -> list[VoiceSegment]:
    """The stretches of voice that the terminal's endpointer finds in a clip; times in the clip's seconds."""
    lead = round(AROUND_S * SAMPLE_RATE)
    found = Endpointer(speech).feed(surrounded(samples, np.random.default_rng(0)))
    strongest = max((s.level_dbfs for s in found), default=0.0)
    return [
        VoiceSegment(s.began - lead / SAMPLE_RATE, s.ended - lead / SAMPLE_RATE, s.level_dbfs, s.snr_db, s.clipped)
        for s in found
        if s.level_dbfs >= strongest - ALIKE_DB
    ]


def separate(samples: Samples, count: int, speech: SpeechSettings) -> list[Samples] | None:
    """A connected clip, cut in the middle of each pause between its `count` digits.

    None if there are not that many voices: digits that run into each other are no answers to single ones.
    """
    for pause_s in (speech.end_silence_s, SHORTEST_PAUSE_S):
        found = voices(samples, msgspec.structs.replace(speech, end_silence_s=pause_s))
        if len(found) == count:
            middles = [(a.ended + b.began) / 2 for a, b in pairwise(found)]
            return np.split(samples, [round(m * SAMPLE_RATE) for m in middles])
    return None


def surrounded(samples: Samples, random: np.random.Generator) -> Samples:
    """A clip with `AROUND_S` of its own room tone before and behind: no shop begins with the word."""
    length = round(AROUND_S * SAMPLE_RATE)
    tone = _room_tone(samples, 2 * length, random)
    return np.concatenate([tone[:length], samples, tone[length:]])


def alone(speaker: str, digit: int, samples: Samples, random: np.random.Generator) -> Scene:
    """One clip, whose digit is painted 0.2 s before the clip begins."""
    return Scene(speaker, (digit,), (AROUND_S - 0.2,), surrounded(samples, random))


def spoken(samples: Samples, speech: SpeechSettings) -> Spoken:
    """Cut a clip down to its voice; where none is found, the whole clip is taken for it."""
    found = voices(samples, speech)
    first = max(0, round(found[0].began * SAMPLE_RATE)) if found else 0
    last = min(len(samples), round(found[-1].ended * SAMPLE_RATE)) if found else len(samples)
    before, behind = (round(m * SAMPLE_RATE) for m in MARGIN_S)
    begin = max(0, first - before)
    cut = samples[begin : last + behind] / max(_rms(samples[first:last]), 1e-9)
    return Spoken(_faded(cut), first - begin, last - begin)


def code(random: np.random.Generator, length: int, among: Sequence[int] = range(10)) -> tuple[int, ...]:
    """Random digits, none twice in a row, all such codes alike. `among` holds at least two."""
    first, steps = random.integers(len(among)), random.integers(1, len(among), length - 1)
    places = np.cumsum([first, *steps]) % len(among)
    return tuple(int(among[place]) for place in places)


def _room_tone(samples: Samples, length: int, random: np.random.Generator) -> Samples:
    """Noise with the mean spectrum and level of the clip's quietest tenth, digital silence left out."""
    frames = _frames(samples)
    powers = np.mean(frames**2, axis=1)
    frames, powers = frames[powers >= NO_SOUND], powers[powers >= NO_SOUND]
    if not len(frames):
        return np.zeros(length, np.float32)
    quiet = frames[np.argsort(powers)[: max(1, len(frames) // 10)]]
    shape = np.sqrt(np.mean(np.abs(np.fft.rfft(quiet * np.hanning(_FRAME), axis=1)) ** 2, axis=0))
    most = float(np.sqrt(powers.max())) * 10 ** (-TONE_BELOW_PEAK_DB / 20)
    return _shaped(shape, length, random) * np.float32(min(_rms(quiet), most))


def _shaped(shape: NDArray[np.float64], length: int, random: np.random.Generator) -> Samples:
    """(length,) of noise with this spectrum over 0–8 kHz, RMS 1; silence if the spectrum is empty."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum *= np.interp(np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(shape)), shape)
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / max(_rms(noise), 1e-12), np.float32)


def _frames(samples: Samples) -> Samples:
    """(n, 400): the clip in whole frames; a short clip is one frame with silence behind it."""
    if len(samples) < _FRAME:
        return np.pad(samples, (0, _FRAME - len(samples)))[None]
    return samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)


def _faded(samples: Samples) -> Samples:
    """10 ms up and down, so that the cut is no click."""
    steps = np.arange(len(samples)) / (0.010 * SAMPLE_RATE)
    return (samples * np.minimum(1.0, np.minimum(steps, steps[::-1]))).astype(np.float32)


def _rms(samples: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
