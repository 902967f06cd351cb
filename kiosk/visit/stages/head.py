"""HEAD: did the head that matched follow the arrows, now?"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, FaceSeen, Stage, Verdict
from kiosk.visit.head_turns import HeadTurns
from kiosk.visit.reading import SCREEN_PATIENCE_S
from kiosk.visit.rules import verdicts
from kiosk.visit.stages import face_watch, review, submit
from kiosk.visit.state import Orders, VisitState


def begin(course: VisitState, code: Code) -> Orders:
    """New arrows, never seen before."""
    course.turning = None
    return [course.go(Stage.HEAD, course.limits.head_s, code), e.TakeChallenge()]


def challenge_taken(course: VisitState, event: e.ChallengeTaken) -> Orders:
    course.turning = HeadTurns(event.challenge, course.limits, course.unhurried)
    return [e.Say("head_retry" if course.tries_spent(Stage.HEAD) else "head")]


def prompt_ended(course: VisitState, event: e.PromptEnded) -> Orders:
    """The person knows what to do: look straight ahead first."""
    turning = course.turning
    if turning is None or turning.started or not event.prompt.startswith("head"):
        return []
    turning.started = True
    course.deadline = course.at + turning.pause_s()
    return [e.ShowHeadMove(0, turning.count, None)]


def shown(course: VisitState, event: e.HeadMoveShown) -> Orders:
    turning = course.turning
    if turning is not None and turning.painted(event):
        course.deadline = turning.closes()
    return []


def time_passed(course: VisitState, _: e.TimePassed) -> Orders:
    turning = course.turning
    if turning is None or not turning.started or turning.awaiting_screen:
        return face_watch.start_over(course, Code.INTERNAL)  # no challenge, no prompt or no screen in time
    if turning.stepping:
        turning.too_late()
        return _judge(course, turning)
    course.deadline = course.at + SCREEN_PATIENCE_S
    return [turning.next_move()]


def face_seen(course: VisitState, seen: FaceSeen) -> Orders:
    broken = verdicts.continuity(course.track, seen, course.face_at, course.limits)
    if seen.faces:
        course.face_at = seen.at
    if broken is not None:
        course.verdicts.append(broken)
        return face_watch.start_over(course, broken.code)
    turning = course.turning
    if turning is None:
        return []
    if not turning.look(seen):
        if turning.returning:
            course.deadline = turning.closes()
        return []
    if turning.fault is not None or turning.complete():
        return _judge(course, turning)
    course.deadline = course.at + turning.pause_s()
    return [e.ShowHeadMove(len(turning.reached), turning.count, None)]


def _judge(course: VisitState, turning: HeadTurns) -> Orders:
    verdict = turning.verdict()
    course.verdicts.append(verdict)
    if not course.passes(verdict):
        return _failed(course, verdict)
    course.verdicts.append(verdicts.unbroken(course.track, turning.seen, *turning.span(), course.limits))
    if course.verdicts[-1].answer is not Answer.PASS:
        return face_watch.start_over(course, course.verdicts[-1].code)
    return submit.begin(course, turning.challenge)


def _failed(course: VisitState, verdict: Verdict) -> Orders:
    if not course.spend(Stage.HEAD):
        return review.refer(course, verdict.code)
    return begin(course, verdict.code)
