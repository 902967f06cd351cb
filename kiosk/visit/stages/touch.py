"""Stage TOUCH: the digits are typed, with the face that matched; then a clerk attests."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, FaceSeen, Stage, VerdictAnswer
from kiosk.visit.rules.continuity import judge_continuity
from kiosk.visit.rules.digits import judge_typed_digits
from kiosk.visit.stages import conclusion, face_watch, light, review
from kiosk.visit.state import Orders, VisitState


def begin(state: VisitState, code: Code) -> Orders:
    """Take new digits, never seen before."""
    state.challenge = None
    return [state.go(Stage.TOUCH, state.limits.touch.limit_s, code), e.TakeChallenge()]


def challenge_taken(state: VisitState, event: e.ChallengeTaken) -> Orders:
    state.challenge = event.challenge
    state.typing_at, state.typing_seen, state.typed_right = state.at, [], False
    state.deadline = state.at + state.limit_s
    colours = light.begin(state, event.challenge, state.limit_s + light.needed_s(state))
    return [e.ShowDigits(event.challenge.digits), *colours, e.Say("touch")]


def typed(state: VisitState, event: e.DigitsTyped) -> Orders:
    """Judge the digits. The face is judged with them, once enough of the light was seen."""
    if state.challenge is None or state.typed_right:
        return []
    verdict = judge_typed_digits(state.challenge, event.digits)
    state.verdicts.append(verdict)
    if verdict.answer is not VerdictAnswer.PASS:
        return _failed(state, verdict.code)
    state.typed_right = True
    enough_at = state.typing_at + light.needed_s(state)
    if state.at < enough_at:
        state.deadline = enough_at
        return []
    return _judge(state, state.challenge)


def _judge(state: VisitState, challenge: Challenge) -> Orders:
    judged = light.judge(state, challenge, state.typing_seen)
    state.verdicts += judged
    if (failed := light.first_failure(state, judged)) is not None:
        return review.refer(state, failed.code) if failed.code in light.FINAL else _failed(state, failed.code)
    span = state.typing_at, state.at
    unbroken = judge_continuity(state.track, state.typing_seen, span, state.limits.face.max_gap_s)
    state.verdicts.append(unbroken)
    if unbroken.answer is not VerdictAnswer.PASS:
        return face_watch.start_over(state, unbroken.code)
    return conclusion.conclude(state, challenge)


def time_passed(state: VisitState, _: e.TimePassed) -> Orders:
    if state.typed_right and state.challenge is not None:
        return _judge(state, state.challenge)
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
