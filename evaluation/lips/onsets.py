"""Onset by onset: does the mouth open when the sound begins, and does the terminal's own rule see it?"""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from evaluation.intervals import Rate, wilson
from evaluation.lips.clips import Clip, Line
from evaluation.lips.scores import SHIFTS_S
from kiosk.model import SAMPLE_RATE, DigitHeard, FaceSeen
from kiosk.ports import Samples
from kiosk.settings import SpeechSettings, VisitSettings
from kiosk.speech.endpoint import Endpointer, VoiceSegment
from kiosk.visit.rules.lips import judge_lips

EARLY_S, LATE_S = 0.20, 0.08
"""Lips lead their sound by 100–200 ms (Chandrasekaran et al., 2009); a little lag of devices is added."""
_LEAD_S = 0.5
_TRIES = 20

Judge = Callable[[Clip, float, float], bool | None]
"""Does the mouth open with a sound from … to … seconds of the clip? None: it cannot be seen there."""


class Onsets(Struct, frozen=True):
    """Agreement at the sounds' own time, and with the same sounds moved by 0.8 to 2 s.

    `own`: rises of loudness (syllables) with a rise of the mouth's opening; `ruled`: voices that the rule
    `lips` of the terminal counts. Wilson's bounds take the onsets of a clip for independent, which they are
    not quite.
    """

    own: Rate
    own_shifted: Rate
    ruled: Rate
    ruled_shifted: Rate


def agreement(clips: Sequence[Clip], speech: SpeechSettings, visit: VisitSettings, seed: int) -> Onsets:
    random = np.random.default_rng(seed)

    def ruled(clip: Clip, began: float, ended: float) -> bool | None:
        return by_rule(clip, began, ended, visit)

    syllables = [[(at, at) for at in rises(clip.level, clip.fps)] for clip in clips]
    voiced = [[(v.began, v.ended) for v in voices(clip.sound, speech)] for clip in clips]
    return Onsets(*_both(clips, syllables, opens, random), *_both(clips, voiced, ruled, random))


def rises(line: Line, fps: float) -> list[float]:
    """Seconds at which the line rises fastest: maxima of its slope above the slope's own deviation."""
    smooth = np.convolve(np.pad(line, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    slope = np.gradient(smooth)
    peak = (slope[1:-1] >= slope[:-2]) & (slope[1:-1] > slope[2:]) & (slope[1:-1] > slope.std())
    return [float(i + 1) / fps for i in np.flatnonzero(peak)]


def opens(clip: Clip, began: float, ended: float) -> bool:
    """Does the opening rise with a sound that begins then?"""
    return any(began - EARLY_S <= at <= began + LATE_S for at in rises(clip.mouth, clip.fps))


def by_rule(clip: Clip, began: float, ended: float, limits: VisitSettings) -> bool | None:
    """The word of the terminal's rule on one voice."""
    heard = DigitHeard(ended, 0, began=began, ended=ended)
    seen = [FaceSeen(i / clip.fps, i, faces=1, mouth=float(m)) for i, m in enumerate(clip.mouth)]
    measured = judge_lips([heard], seen, limits.lips).measured
    return measured["moved"] == 1 if measured["seen"] == 1 else None


def voices(sound: Samples, speech: SpeechSettings) -> list[VoiceSegment]:
    """What the terminal's endpointer finds; times in the clip's seconds."""
    quiet = np.random.default_rng(0).normal(0, 10 ** (-65 / 20), round(_LEAD_S * SAMPLE_RATE))
    lead = quiet.astype(np.float32)
    found = Endpointer(speech).feed(np.concatenate([lead, sound, lead]))
    return [VoiceSegment(s.began - _LEAD_S, s.ended - _LEAD_S, s.level_dbfs, s.snr_db, s.clipped) for s in found]


def _both(
    clips: Sequence[Clip],
    sounds: Sequence[Sequence[tuple[float, float]]],
    judge: Judge,
    random: np.random.Generator,
) -> tuple[Rate, Rate]:
    """At their own time, and moved."""
    own: list[bool | None] = []
    moved: list[bool | None] = []
    for clip, some in zip(clips, sounds, strict=True):
        for began, ended in some:
            own.append(judge(clip, began, ended))
            by_s = _shift(began, len(clip.mouth) / clip.fps, random)
            if by_s is not None:
                moved.append(judge(clip, began + by_s, ended + by_s))
    return _rate(own), _rate(moved)


def _shift(began: float, length_s: float, random: np.random.Generator) -> float | None:
    """By so many seconds, so that it still begins inside the clip; None if that cannot be."""
    for _ in range(_TRIES):
        by_s = float(random.uniform(*SHIFTS_S)) * (1 if random.random() < 0.5 else -1)
        if EARLY_S < began + by_s < length_s - 2 * EARLY_S:
            return by_s
    return None


def _rate(answers: Sequence[bool | None]) -> Rate:
    known = [answer for answer in answers if answer is not None]
    return wilson(sum(known), len(known))
