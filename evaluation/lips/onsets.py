"""Agreement onset by onset: whether the mouth opens when a sound begins, and by the terminal's rule."""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from evaluation.intervals import Rate, wilson
from evaluation.lips.clips import Series, TalkingClip
from evaluation.lips.scores import SHIFTS_S
from kiosk.model import SAMPLE_RATE, DigitHeard, FaceSeen
from kiosk.ports import Samples
from kiosk.settings import SpeechSettings, VisitSettings
from kiosk.speech.endpoint import Endpointer, VoiceSegment
from kiosk.visit.rules.lips import judge_lips

EARLY_S, LATE_S = 0.20, 0.08
"""Lips lead their sound by 100–200 ms (Chandrasekaran et al., 2009); a little lag of devices is added."""
_LEAD_S = 0.5
_ATTEMPTS = 20

OpensWith = Callable[[TalkingClip, float, float], bool | None]
"""Whether the mouth opens with a sound from … to … seconds of the clip; None: it cannot be seen there."""


class OnsetAgreement(Struct, frozen=True, kw_only=True):
    """Agreement at the sounds' own time, and with the same sounds moved by 0.8 to 2 s.

    `own`: rises of loudness (syllables) with a rise of the mouth's opening; `ruled`: voices that the rule
    `lips` of the terminal counts. Wilson's bounds take the onsets of a clip for independent, which they are
    not quite.
    """

    own: Rate
    own_shifted: Rate
    ruled: Rate
    ruled_shifted: Rate


def agreement(
    clips: Sequence[TalkingClip], speech: SpeechSettings, visit: VisitSettings, seed: int
) -> OnsetAgreement:
    """Compare each sound with the mouth, at its own time and shifted."""
    random = np.random.default_rng(seed)

    def ruled(clip: TalkingClip, began: float, ended: float) -> bool | None:
        return opens_by_rule(clip, began, ended, visit)

    syllables = [[(at, at) for at in rises(clip.level, clip.fps)] for clip in clips]
    voiced = [[(v.began, v.ended) for v in find_voices(clip.sound, speech)] for clip in clips]
    own, own_shifted = _rates(clips, syllables, opens, random)
    by_rule, by_rule_shifted = _rates(clips, voiced, ruled, random)
    return OnsetAgreement(own=own, own_shifted=own_shifted, ruled=by_rule, ruled_shifted=by_rule_shifted)


def rises(series: Series, fps: float) -> list[float]:
    """Return the seconds at which the series rises fastest.

    These are the maxima of its slope that exceed the slope's standard deviation.
    """
    smooth = np.convolve(np.pad(series, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    slope = np.gradient(smooth)
    peak = (slope[1:-1] >= slope[:-2]) & (slope[1:-1] > slope[2:]) & (slope[1:-1] > slope.std())
    return [float(i + 1) / fps for i in np.flatnonzero(peak)]


def opens(clip: TalkingClip, began: float, ended: float) -> bool:
    """Return whether the mouth's opening rises with a sound that begins then."""
    return any(began - EARLY_S <= at <= began + LATE_S for at in rises(clip.mouth, clip.fps))


def opens_by_rule(clip: TalkingClip, began: float, ended: float, limits: VisitSettings) -> bool | None:
    """Return whether the terminal's rule `lips` counts one voice; None if the mouth was not seen."""
    heard = DigitHeard(at=ended, window=0, began=began, ended=ended)
    seen = [FaceSeen(at=i / clip.fps, seq=i, faces=1, mouth=float(m)) for i, m in enumerate(clip.mouth)]
    measured = judge_lips([heard], seen, limits.lips).measured
    return measured["moved"] == 1 if measured["seen"] == 1 else None


def find_voices(sound: Samples, speech: SpeechSettings) -> list[VoiceSegment]:
    """Return the voices that the terminal's endpointer finds; times in the clip's seconds."""
    quiet = np.random.default_rng(0).normal(0, 10 ** (-65 / 20), round(_LEAD_S * SAMPLE_RATE))
    lead = quiet.astype(np.float32)
    found = Endpointer(speech).feed(np.concatenate([lead, sound, lead]))
    return [replace(s, began=s.began - _LEAD_S, ended=s.ended - _LEAD_S) for s in found]


def _rates(
    clips: Sequence[TalkingClip],
    sounds: Sequence[Sequence[tuple[float, float]]],
    opens_with: OpensWith,
    random: np.random.Generator,
) -> tuple[Rate, Rate]:
    """Return the agreement of sounds at their own time, and shifted."""
    own: list[bool | None] = []
    shifted: list[bool | None] = []
    for clip, some in zip(clips, sounds, strict=True):
        for began, ended in some:
            own.append(opens_with(clip, began, ended))
            by_s = _draw_shift(began, len(clip.mouth) / clip.fps, random)
            if by_s is not None:
                shifted.append(opens_with(clip, began + by_s, ended + by_s))
    return _rate(own), _rate(shifted)


def _draw_shift(began: float, length_s: float, random: np.random.Generator) -> float | None:
    """Draw a shift in seconds with which it still begins inside the clip; None if there is none."""
    for _ in range(_ATTEMPTS):
        by_s = float(random.uniform(*SHIFTS_S)) * (1 if random.random() < 0.5 else -1)
        if EARLY_S < began + by_s < length_s - 2 * EARLY_S:
            return by_s
    return None


def _rate(answers: Sequence[bool | None]) -> Rate:
    known = [answer for answer in answers if answer is not None]
    return wilson(sum(known), len(known))
