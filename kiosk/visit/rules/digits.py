"""Judges whether the digits on the screen were spoken, each in its time; or typed, on the way `touch`."""

from collections.abc import Sequence
from statistics import median

from kiosk.codes import Code
from kiosk.model import Challenge, Check, DigitHeard, Measures, Verdict, VerdictAnswer
from kiosk.settings import DigitLimits, SoundLimits
from kiosk.visit.rules import likelihood_ratio, reading_faults
from kiosk.visit.rules.microphone_level import judge_level

OTHER = 10
"""Index of "no digit" in `DigitHeard.scores`."""
EXTRA_VOICES = 2
"""This many voices beside the answer are talk: one may be a cough."""
_SPOKEN_IN_TIME = frozenset(
    (
        None,
        Code.SPEECH_WRONG_DIGITS,
        Code.SPEECH_UNKNOWN,
        Code.SPEECH_NOISY,
        Code.SPEECH_TOO_QUIET,
        Code.SPEECH_CLIPPED,
        Code.SPEECH_EXTRA,
    )
)
"""Only where the voice came in its time do its scores say anything; else the digit counts as not said."""


def judge_digits(
    challenge: Challenge,
    shown: Sequence[float],
    heard: Sequence[DigitHeard],
    limits: DigitLimits,
    sound: SoundLimits,
) -> Verdict:
    """Judge whether these digits were spoken, each after it was shown and before its time was over.

    `shown[i]` is when digit i was painted, `heard[i]` what its window held. A digit is right if it beats
    every other digit. Enough is: as many right as cannot be guessed; or one less, where the likelihood ratio
    over all digits cannot be guessed either (`visit.rules.likelihood_ratio`; both bounds are `limits.guess`).
    """
    wrong = [_digit_fault(i, challenge, shown, heard, limits, sound) for i in range(len(challenge.digits))]
    right, of = wrong.count(None), len(challenge.digits)
    ratio = 0.0
    for i, fault in enumerate(wrong):
        scores = heard[i].scores if fault in _SPOKEN_IN_TIME and i < len(heard) else ()
        ratio += likelihood_ratio.ratio(scores, challenge.digits[i], limits.slip)
    faults = reading_faults.refined(wrong, challenge, heard)
    level = judge_level(heard, sound)
    measured: Measures = {
        "right": right,
        "of": of,
        "llr": round(ratio, 3),
        "heard": sum(h.began is not None for h in heard),
        "level_dbfs": round(median([h.level_dbfs for h in heard]), 1) if heard else None,
        "snr_db": round(median([h.snr_db for h in heard]), 1) if heard else None,
        "clipped": round(max([h.clipped for h in heard], default=0.0), 4),
        "gain": level[0].value if level else "",  # what the clerk was shown about the microphone
        "extra": sum(h.extra for h in heard),
        "far_pitches": reading_faults.far_pitches([h.pitch_hz for h in heard if h.pitch_hz]),
        "by": " ".join(sorted({h.by for h in heard if h.by})),
        "faults": " ".join(f"{i + 1}:{f.value}" for i, f in enumerate(faults) if f),
        **reading_faults.per_digit(challenge, shown, heard),
    }
    needed, least = likelihood_ratio.needed(of, limits.guess), likelihood_ratio.least(limits.guess)
    required: Measures = {
        "right": needed,
        "llr": round(least, 3),
        "early_s": limits.early_s,
        "late_s": limits.late_s,
    }
    if right >= needed or (right == needed - 1 and ratio >= least):
        return Verdict(
            check=Check.DIGITS, answer=VerdictAnswer.PASS, code=Code.OK, measured=measured, required=required
        )
    code = reading_faults.main_reason([f for f in faults if f], nothing_heard=measured["heard"] == 0)
    return Verdict(
        check=Check.DIGITS, answer=VerdictAnswer.RETRY, code=code, measured=measured, required=required
    )


def _digit_fault(
    i: int,
    challenge: Challenge,
    shown: Sequence[float],
    heard: Sequence[DigitHeard],
    limits: DigitLimits,
    sound: SoundLimits,
) -> Code | None:
    if i >= len(heard) or i >= len(shown):
        return Code.SPEECH_MISSING_DIGITS
    digit = heard[i]
    if digit.fault is not None:
        return digit.fault
    if digit.audio_lost:
        return Code.SPEECH_AUDIO_LOST
    if digit.began is None:
        return Code.SPEECH_MISSING_DIGITS
    if not digit.began >= shown[i] - limits.early_s:  # so written that a NaN is not in time
        return Code.SPEECH_TOO_EARLY
    if i + 1 < len(shown) and not digit.began <= shown[i + 1] + limits.late_s:
        return Code.SPEECH_TOO_LATE
    if likelihood_ratio.margin(digit.scores, challenge.digits[i]) > 0.0:
        return None
    return _why_unclear(digit, sound)


def _why_unclear(digit: DigitHeard, limits: SoundLimits) -> Code:
    """Whether the sound or the word is why a digit was not understood."""
    if digit.level_dbfs < limits.min_level_dbfs:
        return Code.SPEECH_TOO_QUIET
    if digit.clipped > limits.max_clipped:
        return Code.SPEECH_CLIPPED
    if digit.snr_db < limits.min_snr_db:
        return Code.SPEECH_NOISY
    if digit.extra >= EXTRA_VOICES:
        return Code.SPEECH_EXTRA
    if len(digit.scores) > OTHER and digit.scores[OTHER] >= max(digit.scores[:OTHER]):
        return Code.SPEECH_UNKNOWN
    return Code.SPEECH_WRONG_DIGITS


def judge_typed_digits(challenge: Challenge, digits: Sequence[int]) -> Verdict:
    """Judge whether these are the digits on the screen.

    Typing proves that somebody reads the screen, and nothing about a voice.
    """
    right = sum(a == b for a, b in zip(challenge.digits, digits, strict=False))
    measured: Measures = {"right": right, "of": len(challenge.digits)}
    required: Measures = {"right": len(challenge.digits)}
    if tuple(digits) == challenge.digits:
        return Verdict(
            check=Check.TOUCH, answer=VerdictAnswer.PASS, code=Code.OK, measured=measured, required=required
        )
    return Verdict(
        check=Check.TOUCH,
        answer=VerdictAnswer.RETRY,
        code=Code.TOUCH_WRONG,
        measured=measured,
        required=required,
    )
