"""Judges whether the mouth opened with the voice."""

from collections.abc import Sequence
from statistics import median

from kiosk.codes import Code
from kiosk.model import Check, DigitHeard, FaceSeen, Measures, Verdict, VerdictAnswer
from kiosk.settings import LipLimits
from kiosk.visit.rules import lip_sync
from kiosk.visit.rules.lip_sync import Opening, Voice


def judge_lips(heard: Sequence[DigitHeard], seen: Sequence[FaceSeen], limits: LipLimits) -> Verdict:
    """Judge whether the mouth opened with the voice, digit by digit.

    For each heard digit the widest opening around the onset of the voice is compared with the rest before it.
    Then all voices together must fit where they were better than anywhere else (`visit.rules.lip_sync`). Lips
    prove timing, not content (correlation against shifted sound: AUC 0.996 on 3 s clips; see docs).
    """
    mouths = [(s.at, s.mouth) for s in seen if s.mouth is not None]
    voices = [voice for h in heard if (voice := _voice(h)) is not None]
    rises = [_rise(*voice, mouths, limits) for voice in voices]
    known = [r for r in rises if r is not None]
    moved = sum(r >= limits.min_rise for r in known)
    chance = lip_sync.chance(voices, mouths)
    measured: Measures = {
        "moved": moved,
        "seen": len(known),
        "heard": len(rises),
        "rise_median": round(median(known), 4) if known else None,
        "chance": round(chance, 3) if chance is not None else None,
        "onsets_s": " ".join(_onset(_voice(h), mouths, limits) for h in heard),
    }
    required: Measures = {
        "moved": limits.min_moved,
        "rise": limits.min_rise,
        "chance": limits.max_chance,
        "before_s": limits.before_s,
        "after_s": limits.after_s,
    }
    code = _lips_code(len(known), moved, chance, limits)
    if limits.min_moved > 0 and code is Code.OK:
        return Verdict(
            check=Check.LIPS, answer=VerdictAnswer.PASS, code=Code.OK, measured=measured, required=required
        )
    # Not required: the evidence goes along, but nothing that was not asked for is a pass.
    answer = VerdictAnswer.RETRY if limits.min_moved else VerdictAnswer.REVIEW
    return Verdict(check=Check.LIPS, answer=answer, code=code, measured=measured, required=required)


def _lips_code(seen: int, moved: int, chance: float | None, limits: LipLimits) -> Code:
    if seen < limits.min_moved:
        return Code.LIPS_UNSEEN
    if moved < limits.min_moved:
        return Code.LIPS_STILL
    if limits.max_chance >= 1:  # evidence only
        return Code.OK
    if chance is None:
        return Code.LIPS_UNSEEN
    return Code.OK if chance <= limits.max_chance else Code.LIPS_OUT_OF_STEP


def _voice(heard: DigitHeard) -> Voice | None:
    if heard.began is None:
        return None
    return heard.began, heard.began if heard.ended is None else heard.ended


def _rise(began: float, ended: float, mouths: Sequence[Opening], limits: LipLimits) -> float | None:
    """How much farther open than at rest the mouth was around the voice; None: too little was seen."""
    rest = _rest(began, mouths, limits)
    widest = max(
        (m for at, m in mouths if began - limits.before_s <= at <= ended + limits.after_s), default=None
    )
    return None if rest is None or widest is None else widest - rest


def _onset(voice: Voice | None, mouths: Sequence[Opening], limits: LipLimits) -> str:
    """When the mouth opened, in seconds after the onset of the voice; "-" if it did not, or is unknown."""
    if voice is None or (rest := _rest(voice[0], mouths, limits)) is None:
        return "-"
    began, ended = voice
    opened = (
        at - began
        for at, m in mouths
        if began - limits.before_s <= at <= ended + limits.after_s and m - rest >= limits.min_rise
    )
    first = min(opened, default=None)
    return "-" if first is None else f"{first:.2f}"


def _rest(began: float, mouths: Sequence[Opening], limits: LipLimits) -> float | None:
    """The narrowest opening before the voice; None: nothing was seen then."""
    return min((m for at, m in mouths if began - 3 * limits.before_s <= at < began), default=None)
