"""Begins the search for the face, begins it again, and follows the face through a challenge."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Device, FaceSeen, Outcome, Stage, Verdict, VerdictAnswer
from kiosk.visit.rules import continuity
from kiosk.visit.stages import review
from kiosk.visit.state import Hint, Orders, VisitState

SAY_EVERY_S = 5.0
"""Shortest time between two spoken hints."""
FIRST_WORDS_S = 3.5
"""How long the prompt of the stage itself is spoken."""


def begin(state: VisitState, code: Code) -> Orders:
    """Look for the face from the beginning, and show why (`code`)."""
    card = state.card.card if state.card else None
    state.reference = state.photographed
    state.hint = Hint(said_at=state.at + FIRST_WORDS_S - SAY_EVERY_S)
    state.face_at = state.at
    state.compared = None
    state.recognised = state.uncertain = False
    show = state.go(Stage.FACE, state.limits.face.limit_s, code)
    if state.photographed:  # the face of the printed portrait is kept
        return [show, e.Watch(None), e.ExpectChallenge()]
    return [show, e.Watch(card.portrait if card else None), e.ExpectChallenge()]


def start_over(state: VisitState, code: Code) -> Orders:
    """Go back to the face, which costs a try."""
    state.reading = state.turning = state.light = state.challenge = None
    if not state.spend(Stage.FACE):
        return review.refer(state, code)
    return [e.StopListening(), *begin(state, code), e.Say("face_retry")]


def failed(state: VisitState, verdict: Verdict) -> Orders:
    """Spend a try; after the last a clear mismatch is refused, all else goes to the clerk."""
    state.reading = state.turning = state.light = state.challenge = None
    if verdict.code is Code.CARD_PORTRAIT_PHOTOGRAPHED:  # more tries would not make it any better
        return review.refer(state, verdict.code)
    if state.spend(Stage.FACE):
        return [*begin(state, verdict.code), e.Say("face_retry")]
    refused = verdict.check is Check.FACE and verdict.answer is VerdictAnswer.REFUSE
    if refused and not review.may_approve(state, verdict.code):
        return state.end(Outcome.REFUSED, verdict.code)
    return review.refer(state, verdict.code)


def find_break(state: VisitState, seen: FaceSeen) -> Orders | None:
    """Return the orders to start over if the face is gone or another one; else keep the frame: None."""
    broken = continuity.find_break(state.track, seen, state.face_at, state.limits.face.max_gap_s)
    if seen.faces:
        state.face_at = seen.at
    if broken is None:
        state.compared = seen
        return None
    state.verdicts.append(broken)
    return start_over(state, broken.code)


def sense_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    """Start over without camera, or a microphone that this way needs: it is no longer one sequence.

    Without the engines (MODELS: a worker thread died) nothing can be seen or heard: the visit ends.
    """
    if event.device is Device.MODELS:
        return state.end(Outcome.REFERRED, event.code)
    if event.device not in state.senses:
        return []
    return start_over(state, event.code)
