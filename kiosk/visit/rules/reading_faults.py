"""Why did a reading fail? Finds the reason that helps the person most, and what was measured digit by digit.

Nothing here lets a digit count: the faults of digits that are right stay None. Pure.
"""

from collections.abc import Sequence
from math import log2
from statistics import median

from kiosk.codes import Code
from kiosk.model import Challenge, DigitHeard, Measures
from kiosk.visit.rules import likelihood_ratio

SEMITONES = 9.0
"""A voice whose pitch is so far from that of the right digits is hardly the same person's. Of 91 digits of
seven speakers 2 were so far from their own speaker's median, of the other speakers' digits 44 %
(docs/evaluate.md): it explains a refusal, it never makes one.
"""
FEWEST_RIGHT = 3
"""Digits that must be right, and have a pitch, before another voice can be told."""

LOUD_FLOOR_DBFS = -35.0
"""Over such noise a voice of ordinary loudness (−23 dBFS) hardly rises by what makes it a voice (9 dB)."""

_OURS = (Code.SPEECH_ENGINE_FAILED, Code.SPEECH_AUDIO_LOST)
_HELPFUL = (
    Code.SPEECH_TOO_QUIET,
    Code.SPEECH_CLIPPED,
    Code.SPEECH_NOISY,
    Code.SPEECH_TOO_LATE,
    Code.SPEECH_TOO_EARLY,
    Code.SPEECH_SECOND_VOICE,
    Code.SPEECH_EXTRA,
    Code.SPEECH_UNKNOWN,
    Code.SPEECH_WRONG_DIGITS,
    Code.SPEECH_MISSING_DIGITS,
)
"""Of reasons that came equally often the first: before what was wrong comes what can be done about it."""


def told(
    faults: Sequence[Code | None], challenge: Challenge, heard: Sequence[DigitHeard]
) -> list[Code | None]:
    """The faults again, with those recognised that only show when digits are compared with each other."""
    own = _own_pitch(faults, heard)
    return [_told(i, fault, faults, challenge, heard, own) for i, fault in enumerate(faults)]


def reason(faults: Sequence[Code], nothing_heard: bool) -> Code:
    """The one reason to tell: a fault of ours first, then silence, then what was wrong most often."""
    for code in _OURS:
        if code in faults:
            return code
    if nothing_heard:
        return Code.SPEECH_NOISY if 2 * faults.count(Code.SPEECH_NOISY) > len(faults) else Code.SPEECH_SILENCE
    return max(
        faults, key=lambda f: (faults.count(f), -_HELPFUL.index(f)), default=Code.SPEECH_MISSING_DIGITS
    )


def each(challenge: Challenge, shown: Sequence[float], heard: Sequence[DigitHeard]) -> Measures:
    """Digit by digit, numbers in a row; "-" where nothing was heard. Times in seconds after the display."""
    rows = list(zip(challenge.digits, shown, heard, strict=False))
    spoken = [(d, at, h) if h.began is not None else None for d, at, h in rows]
    return {
        "margins": " ".join(
            f"{likelihood_ratio.margin(s[2].scores, s[0]):.1f}" if s else "-" for s in spoken
        ),
        "began_s": " ".join(f"{(s[2].began or 0.0) - s[1]:.2f}" if s else "-" for s in spoken),
        "ended_s": " ".join(f"{(s[2].ended or 0.0) - s[1]:.2f}" if s else "-" for s in spoken),
        "levels_dbfs": " ".join(f"{s[2].level_dbfs:.0f}" if s else "-" for s in spoken),
        "snrs_db": " ".join(f"{s[2].snr_db:.0f}" if s else "-" for s in spoken),
        "pitches_hz": " ".join(f"{s[2].pitch_hz:.0f}" if s and s[2].pitch_hz else "-" for s in spoken),
    }


def _told(
    i: int,
    fault: Code | None,
    faults: Sequence[Code | None],
    challenge: Challenge,
    heard: Sequence[DigitHeard],
    own: float | None,
) -> Code | None:
    if fault is Code.SPEECH_MISSING_DIGITS and i < len(heard):
        floor = heard[i].floor_dbfs
        return Code.SPEECH_NOISY if floor is not None and floor > LOUD_FLOOR_DBFS else fault
    if fault is not Code.SPEECH_WRONG_DIGITS:
        return fault
    before = challenge.digits[i - 1] if i else None
    if (
        before is not None
        and faults[i - 1] is not None
        and likelihood_ratio.margin(heard[i].scores, before) > 0.0
    ):
        return Code.SPEECH_TOO_LATE  # it answers the digit before, which was not heard in its own time
    pitch = heard[i].pitch_hz
    if own and pitch and abs(12 * log2(pitch / own)) > SEMITONES:
        return Code.SPEECH_SECOND_VOICE
    return fault


def _own_pitch(faults: Sequence[Code | None], heard: Sequence[DigitHeard]) -> float | None:
    """The pitch of whoever read the right digits; None if too few tell."""
    known = [h.pitch_hz for f, h in zip(faults, heard, strict=False) if f is None and h.pitch_hz]
    return median(known) if len(known) >= FEWEST_RIGHT else None
