"""Finds the reason why a reading failed that helps the person most, and what was measured digit by digit.

Nothing here lets a digit count: the faults of digits that are right stay None.
"""

from collections.abc import Sequence
from math import log2
from statistics import median

from kiosk.codes import Code
from kiosk.model import Challenge, DigitHeard, Measures
from kiosk.visit.rules import likelihood_ratio

SEMITONES = 9.0
"""A voice whose pitch is farther from that of the right digits is hardly the same person's. Of 91 digits of
seven speakers 2 were so far from their own speaker's median, of the other speakers' digits 44 %
(docs/evaluate.md): it explains a refusal, it never makes one.
"""
FEWEST_RIGHT = 3
"""Digits that must be right, and have a pitch, before a second voice can be recognised."""

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


def refined(
    faults: Sequence[Code | None], challenge: Challenge, heard: Sequence[DigitHeard]
) -> list[Code | None]:
    """Return the faults again, with those that only show when digits are compared with each other."""
    # The pitch of the person who read the right digits; None if too few of them have one.
    pitches = [h.pitch_hz for f, h in zip(faults, heard, strict=False) if f is None and h.pitch_hz]
    own_pitch = median(pitches) if len(pitches) >= FEWEST_RIGHT else None
    return [_refined(i, faults, challenge, heard, own_pitch) for i in range(len(faults))]


def far_pitches(pitches_hz: Sequence[float]) -> int | None:
    """Return how many pitches are farther than `SEMITONES` from the median of all; None of too few.

    One person's pitch hardly strays so far (`kiosk evaluate voices`); where several digits do, more than one
    person may have read. It is evidence for central and decides nothing here: of two voices of one pitch it
    sees none.
    """
    if len(pitches_hz) < FEWEST_RIGHT:
        return None
    middle = median(pitches_hz)
    return sum(abs(12 * log2(hz / middle)) > SEMITONES for hz in pitches_hz)


def main_reason(faults: Sequence[Code], nothing_heard: bool) -> Code:
    """Return the one reason to show: a fault of the terminal first, then silence, then the most frequent."""
    for code in _OURS:
        if code in faults:
            return code
    if nothing_heard:
        return Code.SPEECH_NOISY if 2 * faults.count(Code.SPEECH_NOISY) > len(faults) else Code.SPEECH_SILENCE
    return max(
        faults, key=lambda f: (faults.count(f), -_HELPFUL.index(f)), default=Code.SPEECH_MISSING_DIGITS
    )


def per_digit(challenge: Challenge, shown: Sequence[float], heard: Sequence[DigitHeard]) -> Measures:
    """Return what was measured digit by digit, numbers in a row; "-" where nothing was heard.

    Times in seconds after the display.
    """
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


def _refined(
    i: int,
    faults: Sequence[Code | None],
    challenge: Challenge,
    heard: Sequence[DigitHeard],
    own_pitch: float | None,
) -> Code | None:
    fault = faults[i]
    if fault is Code.SPEECH_MISSING_DIGITS and i < len(heard):
        floor = heard[i].floor_dbfs
        return Code.SPEECH_NOISY if floor is not None and floor > LOUD_FLOOR_DBFS else fault
    if fault is not Code.SPEECH_WRONG_DIGITS:
        return fault
    # It may be the answer to the digit before, which was not heard in its own time.
    if i and faults[i - 1] and likelihood_ratio.margin(heard[i].scores, challenge.digits[i - 1]) > 0.0:
        return Code.SPEECH_TOO_LATE
    pitch = heard[i].pitch_hz
    if own_pitch and pitch and abs(12 * log2(pitch / own_pitch)) > SEMITONES:
        return Code.SPEECH_SECOND_VOICE
    return fault
