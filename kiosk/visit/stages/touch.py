"""Stage TOUCH: the digits are typed, with the face that matched; then a clerk attests."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import FaceSeen, Stage, VerdictAnswer
from kiosk.visit.rules.continuity import judge_continuity
from kiosk.visit.rules.digits import judge_typed_digits
from kiosk.visit.stages import face_watch, review
from kiosk.visit.state import Orders, VisitState


def begin(state: VisitState, code: Code) -> Orders:
    """Take new digits, never seen before."""
    state.challenge = None
    return [state.go(Stage.TOUCH, state.limits.touch.limit_s, code), e.TakeChallenge()]


def challenge_taken(state: VisitState, event: e.ChallengeTaken) -> Orders:
    state.challenge = event.challenge
    state.typing_at, state.typing_seen = state.at, []
    state.deadline = state.at + state.limits.touch.limit_s
    return [e.ShowDigits(event.challenge.digits), e.Say("touch")]


def typed(state: VisitState, event: e.DigitsTyped) -> Orders:
    if state.challenge is None:
        return []
    verdict = judge_typed_digits(state.challenge, event.digits)
    state.verdicts.append(verdict)
    if verdict.answer is not VerdictAnswer.PASS:
        return _failed(state, verdict.code)
    span = state.typing_at, state.at
    unbroken = judge_continuity(state.track, state.typing_seen, span, state.limits.face.max_gap_s)
    state.verdicts.append(unbroken)
    if unbroken.answer is not VerdictAnswer.PASS:
        return face_watch.start_over(state, unbroken.code)
    return review.refer(state, Code.WAY_ATTEST)


def time_passed(state: VisitState, _: e.TimePassed) -> Orders:
    return _failed(state, Code.TOUCH_TOO_LATE)


def face_seen(state: VisitState, seen: FaceSeen) -> Orders:
    broken = face_watch.find_break(state, seen)
    if broken is not None:
        return broken
    state.typing_seen.append(seen)
    return []


def _failed(state: VisitState, code: Code) -> Orders:
    if not state.spend(Stage.TOUCH):
        return review.refer(state, code)
    return begin(state, code)
