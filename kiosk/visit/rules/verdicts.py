"""Measures and limits → `Verdict`. Pure; the only place that decides what is good enough.

Every rule fails closed: a measure that is missing is never a pass.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from statistics import median

from msgspec.structs import asdict

from kiosk.codes import Code
from kiosk.events import Typed
from kiosk.model import Answer, CardFacts, Challenge, Check, DigitHeard, FaceSeen, Measures, Verdict
from kiosk.settings import VisitSettings
from kiosk.visit.rules import light as reflection
from kiosk.visit.rules import likelihood_ratio, lip_sync, microphone_level, reading_faults
from kiosk.visit.rules.typed_input import faults

OTHER = 10
"""Index of "no digit" in `DigitHeard.scores`."""
EXTRA_VOICES = 2
"""So many voices beside the answer are talk: one may be a cough."""


def card(facts: CardFacts, limits: VisitSettings) -> Verdict:
    """Is the card one that may be opened here today?"""
    code = _card_code(facts, limits)
    answers = {
        Code.OK: Answer.PASS,
        Code.CARD_UNDER_AGE: Answer.REVIEW,
        Code.CARD_CHILD: Answer.REVIEW,
    }
    return Verdict(
        Check.CARD,
        answers.get(code, Answer.REFUSE),
        code,
        {"kind": facts.kind, "number_valid": facts.number_valid, "days_valid": facts.days_valid},
        {"min_age": limits.min_age, "min_age_guarded": limits.min_age_guarded},
    )


def _card_code(facts: CardFacts, limits: VisitSettings) -> Code:
    if not facts.number_valid or not facts.birth_agrees:
        return Code.CARD_NUMBER_INVALID
    if facts.days_since_issue < 0:
        return Code.CARD_NOT_YET_VALID
    if facts.days_valid is not None and facts.days_valid < 0:
        return Code.CARD_EXPIRED
    if facts.age < limits.min_age_guarded:
        return Code.CARD_CHILD
    if facts.age < limits.min_age:
        return Code.CARD_UNDER_AGE
    return Code.OK


def guardian(facts: CardFacts, limits: VisitSettings) -> Verdict:
    """Is this the card of somebody who may apply for a child: grown up, with a card that is in order?

    That it is not the child again follows from the age, which both numbers hold.
    """
    code = _card_code(facts, limits)
    young = code in (Code.CARD_UNDER_AGE, Code.CARD_CHILD)
    return Verdict(
        Check.GUARDIAN,
        Answer.PASS if code is Code.OK else Answer.RETRY,
        Code.GUARDIAN_UNDER_AGE if young else code,
        {"kind": facts.kind, "number_valid": facts.number_valid, "days_valid": facts.days_valid},
        {"min_age": limits.min_age},
    )


def typed(event: Typed) -> Verdict:
    """Number and password, checked again: no screen is trusted to have done it."""
    if found := faults(event):
        return Verdict(Check.PHONE, Answer.RETRY, found[0])
    return Verdict(Check.PHONE, Answer.PASS)


def face(seen: FaceSeen, limits: VisitSettings, *, photographed: bool = False, last: bool = False) -> Verdict:
    """Three bands over the mean of the best good frames: accept, review by a clerk, refuse.

    RETRY (too few frames) means: go on looking; `last`: there is no more time for that. A portrait that was
    `photographed` has a stricter band, never passes by itself, and has no grey band: what is not clearly
    alike is not alike.
    """
    if photographed:
        return _photographed(seen, limits)
    mean = seen.likeness_mean
    if mean is None or seen.frames_good < limits.min_frames:
        answer, code = Answer.RETRY, Code.FACE_TOO_FEW_FRAMES
    elif mean >= limits.accept:
        answer, code = Answer.PASS, Code.OK
    elif seen.frames_good < limits.decide_frames and not last:
        answer, code = Answer.RETRY, Code.FACE_TOO_FEW_FRAMES
    elif mean >= limits.review:
        answer, code = Answer.REVIEW, Code.FACE_UNCERTAIN
    else:
        answer, code = Answer.REFUSE, Code.FACE_MISMATCH
    measured: Measures = {"likeness_mean": mean, "frames_good": seen.frames_good, **_approved(seen)}
    required: Measures = {"accept": limits.accept, "review": limits.review, "min_frames": limits.min_frames}
    return Verdict(Check.FACE, answer, code, measured, required)


def _approved(seen: FaceSeen) -> dict[str, float]:
    """How alike the face is to the one that a clerk was asked about, for whoever reads the evidence."""
    alike = seen.likeness_reviewed
    return {} if alike is None else {"likeness_reviewed": round(alike, 4)}


def approved_face(seen: FaceSeen, limits: VisitSettings) -> bool:
    """Is it the face that a clerk was asked about? As alike as a portrait must be; unknown is no."""
    return seen.likeness_reviewed is not None and seen.likeness_reviewed >= limits.accept


def _photographed(seen: FaceSeen, limits: VisitSettings) -> Verdict:
    mean = seen.likeness_mean
    accept = max(limits.accept_photographed, limits.accept)  # stricter, whatever the settings say
    if mean is None or seen.frames_good < limits.min_frames:
        answer, code = Answer.RETRY, Code.FACE_TOO_FEW_FRAMES
    elif mean >= accept:
        answer, code = Answer.REVIEW, Code.CARD_PORTRAIT_PHOTOGRAPHED
    elif seen.frames_good < limits.decide_frames:
        answer, code = Answer.RETRY, Code.FACE_TOO_FEW_FRAMES
    else:
        answer, code = Answer.REFUSE, Code.FACE_MISMATCH
    measured: Measures = {
        "likeness_mean": mean,
        "frames_good": seen.frames_good,
        "photographed": True,
        **_approved(seen),
    }
    return Verdict(Check.FACE, answer, code, measured, {"accept": accept, "min_frames": limits.min_frames})


def liveness(seen: FaceSeen, limits: VisitSettings) -> Verdict:
    """Passive presentation-attack detection: the median over the frames.

    Without a model nothing was measured. Where the settings do not require it the visit may go on, but the
    verdict is never a pass: it is up for review, and central takes such evidence in simulation only.
    """
    measured: Measures = {"live_median": seen.live_median}
    required: Measures = {"min_live": limits.min_live, "required": limits.require_liveness}
    if seen.live_median is None:
        answer = Answer.REFUSE if limits.require_liveness else Answer.REVIEW
        return Verdict(Check.LIVENESS, answer, Code.FACE_LIVENESS_UNKNOWN, measured, required)
    if not seen.live_median >= limits.min_live:  # so written that a NaN never passes
        return Verdict(Check.LIVENESS, Answer.RETRY, Code.FACE_NOT_LIVE, measured, required)
    return Verdict(Check.LIVENESS, Answer.PASS, Code.OK, measured, required)


def continuity(track: int, seen: FaceSeen, last_seen_at: float, limits: VisitSettings) -> Verdict | None:
    """Is it still the face that matched? None: nothing can be said against it."""
    measured: Measures = {
        "gap_s": round(seen.at - last_seen_at, 3),
        "track_changed": seen.track != track,
    }
    required: Measures = {"max_gap_s": limits.max_face_gap_s}
    if seen.faces == 0 and not seen.at - last_seen_at <= limits.max_face_gap_s:
        return Verdict(Check.CONTINUITY, Answer.RETRY, Code.FACE_LEFT, measured, required)
    if seen.faces > 0 and seen.track != track:
        return Verdict(Check.CONTINUITY, Answer.RETRY, Code.FACE_CHANGED, measured, required)
    return None


def unbroken(
    track: int, seen: Sequence[FaceSeen], began: float, ended: float, limits: VisitSettings
) -> Verdict:
    """From the first digit to the last voice: was the matched face there without a gap, and recognised again?

    Frames that were never looked at (a busy machine, a stuck camera) are a gap like any other, also before
    the first frame and behind the last. `began`: the first digit was painted; `ended`: the last voice ended.
    """
    times = [s.at for s in seen if s.faces == 1 and s.track == track]
    gaps = [b - a for a, b in pairwise(sorted([began, *times, ended]))] if times else []
    compared = [s.likeness_first for s in seen if s.likeness_first is not None]
    measured: Measures = {
        "frames": len(times),
        "longest_gap_s": round(max(gaps), 3) if gaps else None,
        "compared": len(compared),
        "likeness_first_min": round(min(compared), 3) if compared else None,
    }
    required: Measures = {"max_gap_s": limits.max_face_gap_s, "compared": 1}
    if not gaps or not compared or not max(gaps) <= limits.max_face_gap_s:
        return Verdict(Check.CONTINUITY, Answer.RETRY, Code.FACE_LEFT, measured, required)
    return Verdict(Check.CONTINUITY, Answer.PASS, Code.OK, measured, required)


def light(
    challenge: Challenge,
    shown: Sequence[float],
    seen: Sequence[FaceSeen],
    limits: VisitSettings,
    declined: bool = False,
) -> Verdict:
    """Did the face's colour follow the screen's? `shown[i]`: when colour i of the challenge began.

    PASS: it answered strongly enough, in step, and better than to any other sequence. Else the code tells a
    face that threw nothing back from one of which that cannot be told. Where the light is not required
    anything but a pass is up for review, and the visit goes on.
    """
    colours = reflection.colours(challenge.id, len(shown))
    samples = [(s.at, s.light) for s in seen if s.light is not None and all(map(isfinite, s.light))]
    found = None if declined else reflection.followed(list(zip(shown, colours, strict=True)), samples)
    code = Code.LIGHT_DECLINED if declined else _light_code(found, limits)
    measured: Measures = {"colours": colours} | (_rounded(found) if found else {})
    required: Measures = {
        "gain": limits.light_gain,
        "fit": limits.light_fit,
        "steps": limits.light_steps,
        "counts": limits.light,
    }
    failed = Answer.RETRY if limits.light == "required" else Answer.REVIEW
    return Verdict(Check.LIGHT, Answer.PASS if code is Code.OK else failed, code, measured, required)


def _light_code(found: reflection.Response | None, limits: VisitSettings) -> Code:
    """So written that a NaN never passes."""
    if found is None or not found.steps >= limits.light_steps:
        return Code.LIGHT_UNSEEN
    if found.gain >= limits.light_gain and found.fit >= limits.light_fit and found.beaten >= 1.0:
        return Code.OK
    if found.gain + 2 * found.error < limits.light_gain:
        return Code.LIGHT_ABSENT
    return Code.LIGHT_UNCLEAR


def _rounded(found: reflection.Response) -> dict[str, float | int | str | bool | None]:
    return {name: round(value, 4) for name, value in asdict(found).items()}


def margin(heard: DigitHeard, digit: int) -> float:
    """Log-likelihood ratio of the expected digit against the best other digit; −inf without scores."""
    return likelihood_ratio.margin(heard.scores, digit)


def digits(
    challenge: Challenge, shown: Sequence[float], heard: Sequence[DigitHeard], limits: VisitSettings
) -> Verdict:
    """Were these digits spoken, each after it was shown and before its time was over?

    `shown[i]` is when digit i was painted, `heard[i]` what its window held. A digit is right if it beats
    every other digit. Enough is: as many right as cannot be guessed; or one less, where the likelihood ratio
    over all digits cannot be guessed either (`visit.rules.likelihood_ratio`; both bounds are `digits_guess`).
    """
    wrong = [_digit_fault(i, challenge, shown, heard, limits) for i in range(len(challenge.digits))]
    right, of = wrong.count(None), len(challenge.digits)
    ratio = sum(_ratio(i, wrong[i], challenge, heard, limits) for i in range(of))
    told = reading_faults.told(wrong, challenge, heard)
    measured: Measures = {
        "right": right,
        "of": of,
        "llr": round(ratio, 3),
        "heard": sum(h.began is not None for h in heard),
        "level_dbfs": round(median([h.level_dbfs for h in heard]), 1) if heard else None,
        "snr_db": round(median([h.snr_db for h in heard]), 1) if heard else None,
        "clipped": round(max([h.clipped for h in heard], default=0.0), 4),
        "gain": _gain(heard, limits),
        "extra": sum(h.extra for h in heard),
        "by": " ".join(sorted({h.by for h in heard if h.by})),
        "faults": " ".join(f"{i + 1}:{f.value}" for i, f in enumerate(told) if f),
        **reading_faults.each(challenge, shown, heard),
    }
    needed, least = (
        likelihood_ratio.needed(of, limits.digits_guess),
        likelihood_ratio.least(limits.digits_guess),
    )
    required: Measures = {"right": needed, "llr": round(least, 3)}
    if right >= needed or (right == needed - 1 and ratio >= least):
        return Verdict(Check.DIGITS, Answer.PASS, Code.OK, measured, required)
    reason = reading_faults.reason([f for f in told if f], nothing_heard=measured["heard"] == 0)
    return Verdict(Check.DIGITS, Answer.RETRY, reason, measured, required)


def _gain(heard: Sequence[DigitHeard], limits: VisitSettings) -> str:
    """How the clerk was told that the microphone is set; evidence only."""
    found = microphone_level.judged(heard, limits)
    return found[0].value if found else ""


_SOUND_AND_WORD = frozenset(
    (
        None,
        Code.SPEECH_WRONG_DIGITS,
        Code.SPEECH_UNKNOWN,
        Code.SPEECH_NOISY,
        Code.SPEECH_TOO_QUIET,
        Code.SPEECH_EXTRA,
    )
)
"""Only where the voice came in its time do its scores say anything; else the digit counts as not said."""


def _ratio(
    i: int, fault: Code | None, challenge: Challenge, heard: Sequence[DigitHeard], limits: VisitSettings
) -> float:
    scores = heard[i].scores if fault in _SOUND_AND_WORD and i < len(heard) else ()
    return likelihood_ratio.ratio(scores, challenge.digits[i], limits.digits_slip)


def _digit_fault(
    i: int, challenge: Challenge, shown: Sequence[float], heard: Sequence[DigitHeard], limits: VisitSettings
) -> Code | None:
    if i >= len(heard) or i >= len(shown):
        return Code.SPEECH_MISSING_DIGITS
    one = heard[i]
    if one.fault is not None:
        return one.fault
    if one.audio_lost:
        return Code.SPEECH_AUDIO_LOST
    if one.began is None:
        return Code.SPEECH_MISSING_DIGITS
    if not one.began >= shown[i] - limits.early_s:  # so written that a time that is no number is not in time
        return Code.SPEECH_TOO_EARLY
    if i + 1 < len(shown) and not one.began <= shown[i + 1] + limits.late_s:
        return Code.SPEECH_TOO_LATE
    if margin(one, challenge.digits[i]) > 0.0:
        return None
    return _why_unclear(one, limits)


def _why_unclear(one: DigitHeard, limits: VisitSettings) -> Code:
    """A digit that was not understood: was it the sound, or the word?"""
    if one.level_dbfs < limits.min_level_dbfs:
        return Code.SPEECH_TOO_QUIET
    if one.clipped > limits.max_clipped:
        return Code.SPEECH_CLIPPED
    if one.snr_db < limits.min_snr_db:
        return Code.SPEECH_NOISY
    if one.extra >= EXTRA_VOICES:
        return Code.SPEECH_EXTRA
    if len(one.scores) > OTHER and one.scores[OTHER] >= max(one.scores[:OTHER]):
        return Code.SPEECH_UNKNOWN
    return Code.SPEECH_WRONG_DIGITS


def lips(heard: Sequence[DigitHeard], seen: Sequence[FaceSeen], limits: VisitSettings) -> Verdict:
    """Did the mouth open with the voice, digit by digit?

    For each heard digit the widest opening around the onset of the voice is compared with the rest before it.
    Then all voices together must fit where they were better than anywhere else (`visit.rules.lip_sync`). Lips
    prove timing, not content (correlation against shifted sound: AUC 0.996 on 3 s clips; see docs).
    """
    mouths = [(s.at, s.mouth) for s in seen if s.mouth is not None]
    rises = [_rise(h.began, h.ended, mouths, limits) for h in heard if h.began is not None]
    known = [r for r in rises if r is not None]
    moved = sum(r >= limits.lips_rise for r in known)
    voices = [(h.began, h.ended or h.began) for h in heard if h.began is not None]
    by_chance = lip_sync.chance(voices, mouths)
    measured: Measures = {
        "moved": moved,
        "seen": len(known),
        "heard": len(rises),
        "rise_median": round(median(known), 4) if known else None,
        "chance": round(by_chance, 3) if by_chance is not None else None,
        "onsets_s": " ".join(_opened(h.began, h.ended, mouths, limits) for h in heard),
    }
    required: Measures = {
        "moved": limits.lips_right,
        "rise": limits.lips_rise,
        "chance": limits.lips_chance,
    }
    code = _lips_code(len(known), moved, by_chance, limits)
    if limits.lips_right > 0 and code is Code.OK:
        return Verdict(Check.LIPS, Answer.PASS, Code.OK, measured, required)
    # Not required: the evidence goes along, but nothing that was not asked for is a pass.
    answer = Answer.RETRY if limits.lips_right else Answer.REVIEW
    return Verdict(Check.LIPS, answer, code, measured, required)


def _lips_code(seen: int, moved: int, by_chance: float | None, limits: VisitSettings) -> Code:
    if seen < limits.lips_right:
        return Code.LIPS_UNSEEN
    if moved < limits.lips_right:
        return Code.LIPS_STILL
    if limits.lips_chance >= 1:  # evidence only
        return Code.OK
    if by_chance is None:
        return Code.LIPS_UNSEEN
    return Code.OK if by_chance <= limits.lips_chance else Code.LIPS_OUT_OF_STEP


def _opened(
    began: float | None,
    ended: float | None,
    mouths: Sequence[tuple[float, float]],
    limits: VisitSettings,
) -> str:
    """When the mouth opened, in seconds after the onset of the voice; "-" if it did not, or nobody knows."""
    if began is None:
        return "-"
    until = (ended if ended is not None else began) + limits.lips_after_s
    rest = [m for at, m in mouths if began - 3 * limits.lips_before_s <= at < began]
    opened = [
        at - began
        for at, m in mouths
        if rest and began - limits.lips_before_s <= at <= until and m - min(rest) >= limits.lips_rise
    ]
    return f"{min(opened):.2f}" if opened else "-"


def _rise(
    began: float, ended: float | None, mouths: Sequence[tuple[float, float]], limits: VisitSettings
) -> float | None:
    until = (ended if ended is not None else began) + limits.lips_after_s
    around = [m for at, m in mouths if began - limits.lips_before_s <= at <= until]
    rest = [m for at, m in mouths if began - 3 * limits.lips_before_s <= at < began]
    return max(around) - min(rest) if around and rest else None
