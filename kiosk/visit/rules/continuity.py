"""Judges whether the face that matched stayed before the camera until the challenge was done."""

from collections.abc import Sequence
from itertools import pairwise

from kiosk.codes import Code
from kiosk.model import Check, FaceSeen, Measures, Verdict, VerdictAnswer


def find_break(track: int, seen: FaceSeen, last_seen_at: float, max_gap_s: float) -> Verdict | None:
    """Return a verdict if this frame shows that the matched face is gone or is another one; else None."""
    gap_s = seen.at - last_seen_at
    if seen.faces == 0 and not gap_s <= max_gap_s:
        code = Code.FACE_LEFT
    elif seen.faces > 0 and seen.track != track:
        code = Code.FACE_CHANGED
    else:
        return None
    measured: Measures = {"gap_s": round(gap_s, 3), "track_changed": seen.track != track}
    return Verdict(
        check=Check.CONTINUITY,
        answer=VerdictAnswer.RETRY,
        code=code,
        measured=measured,
        required={"max_gap_s": max_gap_s},
    )


def judge_continuity(
    track: int, seen: Sequence[FaceSeen], span: tuple[float, float], max_gap_s: float
) -> Verdict:
    """Judge whether the matched face was there without a gap over the whole `span`, and was recognised again.

    `span`: when the first digit or arrow was painted, and when the last voice or movement ended. Frames that
    were never looked at (a busy machine, a stuck camera) are a gap like any other, also before the first
    frame and behind the last.
    """
    times = [s.at for s in seen if s.faces == 1 and s.track == track]
    began, ended = span
    gaps = [b - a for a, b in pairwise(sorted([began, *times, ended]))] if times else []
    compared = [s.likeness_first for s in seen if s.likeness_first is not None]
    measured: Measures = {
        "frames": len(times),
        "longest_gap_s": round(max(gaps), 3) if gaps else None,
        "compared": len(compared),
        "likeness_first_min": round(min(compared), 3) if compared else None,
    }
    required: Measures = {"max_gap_s": max_gap_s, "compared": 1}
    if not gaps or not compared or not max(gaps) <= max_gap_s:
        return Verdict(
            check=Check.CONTINUITY,
            answer=VerdictAnswer.RETRY,
            code=Code.FACE_LEFT,
            measured=measured,
            required=required,
        )
    return Verdict(
        check=Check.CONTINUITY, answer=VerdictAnswer.PASS, code=Code.OK, measured=measured, required=required
    )
