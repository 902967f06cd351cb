"""Judges whether the face before the camera is the one on the card, and whether it is alive."""

from kiosk.codes import Code
from kiosk.model import Check, FaceSeen, FaceThresholds, Measures, Verdict, VerdictAnswer
from kiosk.settings import FaceLimits, LivenessLimits


def judge_face(
    seen: FaceSeen,
    limits: FaceLimits,
    thresholds: FaceThresholds,
    *,
    photographed: bool = False,
    last: bool = False,
) -> Verdict:
    """Place the mean likeness of the kept good frames in a band: accept, uncertain, refuse.

    RETRY (too few frames) means that more frames are needed; with `last` there is no more time for them. A
    reference that was `photographed` has a stricter band, never passes by itself, and has no band for review:
    what is not clearly alike is not alike.
    """
    if photographed:
        return _judge_photographed(seen, limits, thresholds)
    mean = seen.likeness_mean
    if mean is None or seen.frames_good < limits.min_frames:
        answer, code = VerdictAnswer.RETRY, Code.FACE_TOO_FEW_FRAMES
    elif mean >= thresholds.accept:
        answer, code = VerdictAnswer.PASS, Code.OK
    elif seen.frames_good < limits.decide_frames and not last:
        answer, code = VerdictAnswer.RETRY, Code.FACE_TOO_FEW_FRAMES
    elif mean >= thresholds.review:
        answer, code = VerdictAnswer.REVIEW, Code.FACE_UNCERTAIN
    else:
        answer, code = VerdictAnswer.REFUSE, Code.FACE_MISMATCH
    required: Measures = {
        "accept": thresholds.accept,
        "review": thresholds.review,
        "min_frames": limits.min_frames,
    }
    return Verdict(
        check=Check.FACE, answer=answer, code=code, measured=_measured(seen, {}), required=required
    )


def _judge_photographed(seen: FaceSeen, limits: FaceLimits, thresholds: FaceThresholds) -> Verdict:
    mean = seen.likeness_mean
    accept = max(thresholds.accept_photographed, thresholds.accept)  # stricter, whatever the settings say
    if mean is None or seen.frames_good < limits.min_frames:
        answer, code = VerdictAnswer.RETRY, Code.FACE_TOO_FEW_FRAMES
    elif mean >= accept:
        answer, code = VerdictAnswer.REVIEW, Code.CARD_PORTRAIT_PHOTOGRAPHED
    elif seen.frames_good < limits.decide_frames:
        answer, code = VerdictAnswer.RETRY, Code.FACE_TOO_FEW_FRAMES
    else:
        answer, code = VerdictAnswer.REFUSE, Code.FACE_MISMATCH
    required: Measures = {"accept": accept, "review": accept, "min_frames": limits.min_frames}
    return Verdict(
        check=Check.FACE,
        answer=answer,
        code=code,
        measured=_measured(seen, {"photographed": True}),
        required=required,
    )


def _measured(seen: FaceSeen, more: Measures) -> Measures:
    """`likeness_reviewed`, where there is one, is for central's staff who read the evidence."""
    reviewed = seen.likeness_reviewed
    return {
        "likeness_mean": seen.likeness_mean,
        "frames_good": seen.frames_good,
        **more,
        **({} if reviewed is None else {"likeness_reviewed": round(reviewed, 4)}),
    }


def is_approved_face(seen: FaceSeen, thresholds: FaceThresholds) -> bool:
    """Return whether this is the face that a clerk was asked about: as alike as a portrait must be.

    A likeness that is unknown is not enough.
    """
    return seen.likeness_reviewed is not None and seen.likeness_reviewed >= thresholds.accept


def judge_liveness(seen: FaceSeen, limits: LivenessLimits) -> Verdict:
    """Judge passive presentation-attack detection by the median over the frames.

    Without a model nothing was measured. Where the settings do not require it the visit may go on, but the
    verdict is never a pass: it is up for review, and central takes such evidence in simulation only.
    """
    measured: Measures = {"live_median": seen.live_median}
    required: Measures = {"min_live": limits.min_live, "required": limits.required}
    if seen.live_median is None:
        answer = VerdictAnswer.REFUSE if limits.required else VerdictAnswer.REVIEW
        return Verdict(
            check=Check.LIVENESS,
            answer=answer,
            code=Code.FACE_LIVENESS_UNKNOWN,
            measured=measured,
            required=required,
        )
    if not seen.live_median >= limits.min_live:  # so written that a NaN never passes
        return Verdict(
            check=Check.LIVENESS,
            answer=VerdictAnswer.RETRY,
            code=Code.FACE_NOT_LIVE,
            measured=measured,
            required=required,
        )
    return Verdict(
        check=Check.LIVENESS, answer=VerdictAnswer.PASS, code=Code.OK, measured=measured, required=required
    )
