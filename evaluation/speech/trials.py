"""Trials of a challenge: what was heard against the true code and wrong codes, by the terminal's own rule."""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct

from evaluation.speech.challenge_audio import ChallengeAudio, draw_code
from evaluation.speech.offline_listener import challenge_of
from kiosk.model import DigitHeard, Verdict, VerdictAnswer
from kiosk.settings import VisitSettings
from kiosk.visit.rules.digits import judge_digits

MISSES = (2, 1, 0)
"""Rules that only count, compared with the settings' rule: this many digits may be wrong; laxest first."""
RULES = (*MISSES, None)
"""None: the rule of the settings, as it is."""
_FAULT = re.compile(r"(\d+):(\S+)")


class ChallengeTrial(Struct, frozen=True, kw_only=True):
    """One reading of a challenge. The tuples go with `RULES`; `snr_db` is None as recorded.

    `faults`: digits by code; `passed`: the true code; `tried`: wrong codes, of which `accepted` passed and
    `near` differ from the true one in at most 2, 1, 0 and 1 places.
    """

    speaker: str
    digits: int
    right: int
    faults: dict[str, int]
    passed: tuple[bool, ...]
    tried: int
    accepted: tuple[int, ...]
    near: tuple[int, ...]
    snr_db: float | None = None
    noise: str = ""


def score_trial(
    audio: ChallengeAudio,
    heard: Sequence[DigitHeard],
    limits: VisitSettings,
    wrong_codes: int,
    random: np.random.Generator,
) -> ChallengeTrial:
    """Apply the rule `judge_digits` to the true code and to random others of the same length."""
    true = challenge_of(audio)

    def verdict_on(digits: tuple[int, ...]) -> Verdict:
        challenge = msgspec.structs.replace(true, digits=digits)
        return judge_digits(challenge, audio.shown, heard, limits.digits, limits.sound)

    verdict = verdict_on(audio.digits)
    others = [_other_code(audio.digits, random) for _ in range(wrong_codes)]
    differing = [sum(x != y for x, y in zip(audio.digits, o, strict=True)) for o in others]
    passing = [_passed(verdict_on(other)) for other in others]
    return ChallengeTrial(
        speaker=audio.speaker,
        digits=len(audio.digits),
        right=_right(verdict),
        faults=dict(Counter(fault for _, fault in _FAULT.findall(str(verdict.measured["faults"])))),
        passed=_passed(verdict),
        tried=wrong_codes,
        accepted=tuple(map(sum, zip(*passing, strict=True))) if passing else (0,) * len(RULES),
        near=tuple(sum(d <= (1 if misses is None else misses) for d in differing) for misses in RULES),
    )


def _passed(verdict: Verdict) -> tuple[bool, ...]:
    """Return whether each of `RULES` passes."""
    of, right = int(verdict.measured["of"] or 0), _right(verdict)
    counts = tuple(right >= max(1, of - misses) for misses in MISSES)
    return (*counts, verdict.answer is VerdictAnswer.PASS)


def _right(verdict: Verdict) -> int:
    return int(verdict.measured["right"] or 0)


def _other_code(digits: tuple[int, ...], random: np.random.Generator) -> tuple[int, ...]:
    """Draw a code over all ten digits that is not `digits`."""
    while (drawn := draw_code(random, len(digits))) == digits:
        pass
    return drawn
