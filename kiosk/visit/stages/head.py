"""Stage HEAD: the head follows arrows, with the face that matched."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import FaceSeen, Stage, VerdictAnswer
from kiosk.visit.head_turns import HeadTurns
from kiosk.visit.reading import SCREEN_PATIENCE_S
from kiosk.visit.rules.continuity import judge_continuity
from kiosk.visit.stages import conclusion, face_watch, light, review
from kiosk.visit.state import Orders, VisitState


def begin(state: VisitState, code: Code) -> Orders:
    """Take new arrows, never seen before."""
    state.turning = None
    return [state.go(Stage.HEAD, state.limits.head.limit_s, code), e.TakeChallenge()]


def challenge_taken(state: VisitState, event: e.ChallengeTaken) -> Orders:
    state.turning = HeadTurns(
        event.challenge, state.limits.head, state.limits.pace, unhurried=state.unhurried
    )
    return [e.Say("head_retry" if state.tries_spent(Stage.HEAD) else "head")]


def prompt_ended(state: VisitState, event: e.PromptEnded) -> Orders:
    """Let the person look straight ahead first, after they heard what to do."""
    turning = state.turning
    if turning is None or turning.started or not event.prompt.startswith("head"):
        return []
    turning.started = True
    state.deadline = state.at + turning.pause_s()
    return [
        e.ShowHeadMove(0, turning.count, None),
        *light.begin(state, turning.challenge, turning.longest_s()),
    ]


def shown(state: VisitState, event: e.HeadMoveShown) -> Orders:
    turning = state.turning
    if turning is not None and turning.painted(event):
        state.deadline = turning.closes()
    return []


def time_passed(state: VisitState, _: e.TimePassed) -> Orders:
    turning = state.turning
    if turning is None or not turning.started or turning.awaiting_screen:
        return face_watch.start_over(state, Code.INTERNAL)  # no challenge, no prompt or no screen in time
    if turning.stepping:
        turning.too_late()
        return _judge(state, turning)
    state.deadline = state.at + SCREEN_PATIENCE_S
    return [turning.next_move()]


def face_seen(state: VisitState, seen: FaceSeen) -> Orders:
    broken = face_watch.find_break(state, seen)
    if broken is not None:
        return broken
    turning = state.turning
    if turning is None:
        return []
    if not turning.take(seen):
        if turning.returning:
            state.deadline = turning.closes()
        return []
    if turning.fault is not None or turning.complete():
        return _judge(state, turning)
    state.deadline = state.at + turning.pause_s()
    return [e.ShowHeadMove(len(turning.reached), turning.count, None)]


def _judge(state: VisitState, turning: HeadTurns) -> Orders:
    judged = [turning.verdict(), *light.judge(state, turning.challenge, turning.seen)]
    state.verdicts += judged
    if (failed := light.first_failure(state, judged)) is not None:
        if failed.code in light.FINAL or not state.spend(Stage.HEAD):
            return review.refer(state, failed.code)
        return begin(state, failed.code)
    unbroken = judge_continuity(state.track, turning.seen, turning.span(), state.limits.face.max_gap_s)
    state.verdicts.append(unbroken)
    if unbroken.answer is not VerdictAnswer.PASS:
        return face_watch.start_over(state, unbroken.code)
    return conclusion.conclude(state, turning.challenge)
