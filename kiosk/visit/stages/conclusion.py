"""Concludes a challenge that was answered: an uncertain face is judged for the last time, then all is sent.

The frames of face and challenge are of one track, without a gap: the face that is judged here is the face
that answered. A clerk is asked only now, when the machine has seen all that it will see.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, VerdictAnswer, Way
from kiosk.visit.rules.face import judge_face
from kiosk.visit.stages import face_watch, review, submit
from kiosk.visit.state import Orders, VisitState


def conclude(state: VisitState, challenge: Challenge) -> Orders:
    """Judge the face again if it was uncertain; then submit, or ask the clerk."""
    if not state.uncertain:
        return finish(state, challenge)
    seen = state.compared
    if seen is None or seen.track != state.track:
        return face_watch.start_over(state, Code.FACE_CHANGED)
    face = judge_face(seen, state.limits.face, state.thresholds, last=True)
    state.verdicts.append(face)
    if state.passes(face):
        return finish(state, challenge)
    if face.answer is VerdictAnswer.REVIEW:
        state.challenge = challenge  # submitted if the clerk approves
        return review.refer(state, face.code)
    return [e.StopListening(), *face_watch.failed(state, face)]


def finish(state: VisitState, challenge: Challenge) -> Orders:
    """Submit; typed digits alone submit nothing: a clerk attests first."""
    if state.way is Way.TOUCH:
        state.challenge = challenge
        return review.refer(state, Code.WAY_ATTEST)
    return submit.begin(state, challenge)
