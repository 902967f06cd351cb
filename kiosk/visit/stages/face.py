"""Stage FACE: the face before the camera is compared with the card's portrait.

A face that is alike or uncertain goes on to the challenge, an uncertain one to be judged after it
(`conclusion`); a clear mismatch ends here.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import FaceSeen, Outcome, Verdict, VerdictAnswer
from kiosk.visit.rules.face import is_approved_face, judge_face, judge_liveness
from kiosk.visit.rules.stream import is_young, judge_stream
from kiosk.visit.stages import face_watch, portrait, review, timing, ways
from kiosk.visit.state import Hint, Orders, VisitState

HINT_FRAMES = 3
"""A hint must be the same in this many looked-at frames before it is shown: no flicker."""

SAY_AFTER_S = 1.2
"""A hint is spoken this long after it began: most people follow the sentence on the screen sooner."""
SPOKEN = frozenset(
    {
        Code.FACE_NONE, Code.FACE_SEVERAL, Code.FACE_TOO_FAR, Code.FACE_TOO_NEAR, Code.FACE_CUT,
        Code.FACE_OFF_CENTRE,
        Code.FACE_TURNED, Code.FACE_TILTED, Code.FACE_BLURRED, Code.FACE_TOO_DARK, Code.FACE_TOO_BRIGHT,
        Code.FACE_BACKLIT, Code.FACE_EYES_CLOSED, Code.FACE_COVERED, Code.FACE_LEFT, Code.FACE_CHANGED,
    }
)  # fmt: skip
"""Hints that have a prompt of their own, `hint_…`."""


def reference_ready(state: VisitState, _: e.ReferenceReady) -> Orders:
    state.reference = True
    return []


def reference_failed(state: VisitState, event: e.ReferenceFailed) -> Orders:
    if event.code is Code.CARD_PORTRAIT_PHOTOGRAPHED:
        return portrait.begin(state, Code.OK)
    return state.end(Outcome.REFERRED, event.code)


def seen(state: VisitState, seen: FaceSeen) -> Orders:
    if seen.hint is Code.CAMERA_TURNED:  # nothing that the person could do about it
        return state.end(Outcome.REFERRED, seen.hint)
    answered: Orders = []
    if seen.faces:
        state.face_at = seen.at
        answered = timing.seen(state)
    if not state.reference:  # without the card's portrait nothing can be matched
        return answered + _coach(state, seen)
    state.compared = seen
    state.recognised = is_approved_face(seen, state.thresholds)
    face = judge_face(seen, state.limits.face, state.thresholds, photographed=state.photographed)
    if face.answer is VerdictAnswer.RETRY or (_goes_on(state, face) and is_young(seen.stream)):
        return answered + _coach(state, seen)
    return answered + _decide(state, seen, face)


def _goes_on(state: VisitState, face: Verdict) -> bool:
    """Return whether the challenge follows; an uncertain face is judged after it, on all frames by then."""
    return state.passes(face) or face.code is Code.FACE_UNCERTAIN


def _decide(state: VisitState, seen: FaceSeen, face: Verdict) -> Orders:
    live = judge_liveness(seen, state.limits.liveness)
    state.verdicts += [face, live]
    unmeasured = live.answer is VerdictAnswer.REVIEW and not state.limits.liveness.required
    if not state.passes(live) and not unmeasured:
        return face_watch.failed(state, live)
    if not _goes_on(state, face):
        return face_watch.failed(state, face)
    stream = judge_stream(seen.stream, state.limits.stream)
    if stream.answer is VerdictAnswer.REFUSE and not state.passes(
        stream
    ):  # another try would see the same stream
        state.verdicts.append(stream)
        return review.refer(state, stream.code)
    state.track, state.face_at, state.uncertain = seen.track, seen.at, not state.passes(face)
    return ways.begin_challenge(state)


def _coach(state: VisitState, seen: FaceSeen) -> Orders:
    """Show one hint, once it was the same for `HINT_FRAMES` frames; say it if it is not followed."""
    hint = state.hint
    if seen.hint is not hint.code:
        hint.code, hint.frames, hint.since = seen.hint, 0, seen.at
    hint.frames += 1
    if hint.frames < HINT_FRAMES:
        return []
    shown: Orders = [] if hint.code is hint.shown else [e.Coach(hint.code)]
    hint.shown = hint.code
    return shown + _spoken(hint, seen.at, state.slowness)


def _spoken(hint: Hint, at: float, slowness: float) -> Orders:
    """Never two hints in quick succession, and none during the first prompt."""
    due = max(hint.since + SAY_AFTER_S * slowness, hint.said_at + face_watch.SAY_EVERY_S * slowness)
    if hint.code not in SPOKEN or at < due:
        return []
    hint.said_at = at
    return [e.Say("hint_" + hint.code.value.removeprefix("face."))]


def time_passed(state: VisitState, _: e.TimePassed) -> Orders:
    if (gone := state.sense_failure()) is not None:
        return state.end(Outcome.REFERRED, gone)
    if state.at - state.face_at >= state.limit_s / 2:
        return state.end(Outcome.ABANDONED, Code.VISIT_ABANDONED)
    if state.compared is not None and (verdict := _verdict_so_far(state, state.compared)) is not None:
        return _decide(state, state.compared, verdict)
    code = state.hint.code if state.hint.code is not Code.OK else Code.FACE_TOO_FEW_FRAMES
    return face_watch.start_over(state, code)


def _verdict_so_far(state: VisitState, seen: FaceSeen) -> Verdict | None:
    """On a slow machine the time may be over before `decide_frames` frames were compared."""
    if state.photographed:
        return None
    face = judge_face(seen, state.limits.face, state.thresholds, last=True)
    return face if face.answer in (VerdictAnswer.REVIEW, VerdictAnswer.REFUSE) else None
