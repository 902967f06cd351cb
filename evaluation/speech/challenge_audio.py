"""Sound of a challenge with its display times, as the terminal's microphone would deliver it.

`ChallengeAudio` comes from a simulated reading (`offline_listener`), one clip alone, or a recording.
This module cuts clips of digits down to their voice and surrounds clips with their own room tone.
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
"""Shortest pause between the end of one digit and the beginning of the next."""
LEAD_S = 1.0
"""Background noise before the first digit, in which the noise floor settles."""
VOICE_RMS = 10 ** (-23 / 20)
"""Mean level of a voice: −23 dBFS (RMS of its voiced part), plus or minus …"""
LEVEL_SPREAD_DB = 4.0
"""… this from one challenge to the next."""
MARGIN_S = (0.08, 0.12)
"""Kept before and behind the voice when a digit is cut out of its clip, faded in and out."""
AROUND_S = 0.8
"""Room tone before and behind a clip that is heard alone."""
TONE_BELOW_PEAK_DB = 25.0
"""Room tone, below the loudest 25 ms, of a clip cut so tightly that its quietest tenth is voice."""
DIGITAL_SILENCE = 10 ** (-80 / 10)
"""Mean square of digital silence, which some programs put around a clip: no sample of the room's tone."""
SHORTEST_PAUSE_S = 0.08
"""Between two digits of a connected clip; shorter silences are inside of digits, before 七 or 四."""
ALIKE_DB = 15.0
"""A voice in a clip is at most this much weaker than the clip's strongest; what is weaker is a noise."""

_FRAME = 400


class ChallengeAudio(Struct, frozen=True, eq=False, kw_only=True):
    """Sound, (n,) at 16 kHz, and when each digit was painted, in seconds since its beginning."""

    speaker: str
    digits: tuple[int, ...]
    shown: tuple[float, ...]
    samples: Samples


class TrimmedUtterance(Struct, frozen=True, eq=False):
    """A digit (or 嗯) cut out of its clip: unit RMS between `onset` and `end`, which count samples."""

    samples: Samples
    onset: int
    end: int


def find_voices(samples: Samples, speech: SpeechSettings) -> list[VoiceSegment]:
    """Return the voices that the terminal's endpointer finds in a clip; times in the clip's seconds."""
    lead_s = round(AROUND_S * SAMPLE_RATE) / SAMPLE_RATE
    found = Endpointer(speech).feed(surround(samples, np.random.default_rng(0)))
    strongest = max((s.level_dbfs for s in found), default=0.0)
    return [
        msgspec.structs.replace(s, began=s.began - lead_s, ended=s.ended - lead_s)
        for s in found
        if s.level_dbfs >= strongest - ALIKE_DB
    ]


def split_digits(samples: Samples, count: int, speech: SpeechSettings) -> list[Samples] | None:
    """Cut a connected clip in the middle of each pause between its `count` digits.

    Return None if there are not that many voices: digits that run into each other answer no single display.
    """
    for pause_s in (speech.end_silence_s, SHORTEST_PAUSE_S):
        found = find_voices(samples, msgspec.structs.replace(speech, end_silence_s=pause_s))
        if len(found) == count:
            middles = [(a.ended + b.began) / 2 for a, b in pairwise(found)]
            return np.split(samples, [round(m * SAMPLE_RATE) for m in middles])
    return None


def surround(samples: Samples, random: np.random.Generator) -> Samples:
    """Add `AROUND_S` of the clip's own room tone before and behind: no recording begins with the voice."""
    length = round(AROUND_S * SAMPLE_RATE)
    tone = _room_tone(samples, 2 * length, random)
    return np.concatenate([tone[:length], samples, tone[length:]])


def isolated_clip(speaker: str, digit: int, samples: Samples, random: np.random.Generator) -> ChallengeAudio:
    """Return a challenge of one digit, which is painted 0.2 s before its clip begins."""
    return ChallengeAudio(
        speaker=speaker,
        digits=(digit,),
        shown=(AROUND_S - 0.2,),
        samples=surround(samples, random),
    )


def trim(samples: Samples, speech: SpeechSettings) -> TrimmedUtterance:
    """Cut a clip down to its voice; where none is found the whole clip counts as voice."""
    found = find_voices(samples, speech)
    first = max(0, round(found[0].began * SAMPLE_RATE)) if found else 0
    last = min(len(samples), round(found[-1].ended * SAMPLE_RATE)) if found else len(samples)
    before, behind = (round(m * SAMPLE_RATE) for m in MARGIN_S)
    begin = max(0, first - before)
    cut = samples[begin : last + behind] / max(_rms(samples[first:last]), 1e-9)
    steps = np.arange(len(cut)) / (0.010 * SAMPLE_RATE)
    faded = cut * np.minimum(1.0, np.minimum(steps, steps[::-1]))  # 10 ms, so that the cut is no click
    return TrimmedUtterance(faded.astype(np.float32), first - begin, last - begin)


def draw_code(random: np.random.Generator, length: int, among: Sequence[int] = range(10)) -> tuple[int, ...]:
    """Draw digits, none twice in a row, all such codes equally likely. `among` holds at least two."""
    first, steps = random.integers(len(among)), random.integers(1, len(among), length - 1)
    places = np.cumsum([first, *steps]) % len(among)
    return tuple(int(among[place]) for place in places)


def _room_tone(samples: Samples, length: int, random: np.random.Generator) -> Samples:
    """Return noise with the spectrum and level of the clip's quietest tenth, without digital silence."""
    frames = _frames(samples)
    powers = np.mean(frames**2, axis=1)
    frames, powers = frames[powers >= DIGITAL_SILENCE], powers[powers >= DIGITAL_SILENCE]
    if not len(frames):
        return np.zeros(length, np.float32)
    quiet = frames[np.argsort(powers)[: max(1, len(frames) // 10)]]
    shape = np.sqrt(np.mean(np.abs(np.fft.rfft(quiet * np.hanning(_FRAME), axis=1)) ** 2, axis=0))
    most = float(np.sqrt(powers.max())) * 10 ** (-TONE_BELOW_PEAK_DB / 20)
    return _shaped_noise(shape, length, random) * np.float32(min(_rms(quiet), most))


def _shaped_noise(shape: NDArray[np.float64], length: int, random: np.random.Generator) -> Samples:
    """Return (length,) of noise with this spectrum over 0–8 kHz, RMS 1; silence if the spectrum is empty."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum *= np.interp(np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(shape)), shape)
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / max(_rms(noise), 1e-12), np.float32)


def _frames(samples: Samples) -> Samples:
    """Return (n, 400): the clip in whole frames; a shorter clip is one frame with silence behind it."""
    if len(samples) < _FRAME:
        return np.pad(samples, (0, _FRAME - len(samples)))[None]
    return samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)


def _rms(samples: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
