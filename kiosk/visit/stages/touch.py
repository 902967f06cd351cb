"""TOUCH: the challenge's digits typed by the face that matched; then a clerk attests."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, FaceSeen, Stage
from kiosk.visit import head_turns
from kiosk.visit.rules import verdicts
from kiosk.visit.stages import face_watch, review
from kiosk.visit.state import Orders, VisitState


def begin(course: VisitState, code: Code) -> Orders:
    """New digits, never seen before."""
    course.challenge = None
    return [course.go(Stage.TOUCH, course.limits.touch_s, code), e.TakeChallenge()]


def challenge_taken(course: VisitState, event: e.ChallengeTaken) -> Orders:
    course.challenge = event.challenge
    course.typing_at, course.typing_seen = course.at, []
    course.deadline = course.at + course.limits.touch_s
    return [e.ShowDigits(event.challenge.digits), e.Say("touch")]


def typed(course: VisitState, event: e.DigitsTyped) -> Orders:
    if course.challenge is None:
        return []
    verdict = head_turns.typed(course.challenge, event.digits)
    course.verdicts.append(verdict)
    if verdict.answer is not Answer.PASS:
        return _failed(course, verdict.code)
    unbroken = verdicts.unbroken(course.track, course.typing_seen, course.typing_at, course.at, course.limits)
    course.verdicts.append(unbroken)
    if unbroken.answer is not Answer.PASS:
        return face_watch.start_over(course, unbroken.code)
    return review.refer(course, Code.WAY_ATTEST)


def time_passed(course: VisitState, _: e.TimePassed) -> Orders:
    return _failed(course, Code.TOUCH_TOO_LATE)


def face_seen(course: VisitState, seen: FaceSeen) -> Orders:
    broken = verdicts.continuity(course.track, seen, course.face_at, course.limits)
    if seen.faces:
        course.face_at = seen.at
    if broken is not None:
        course.verdicts.append(broken)
        return face_watch.start_over(course, broken.code)
    course.typing_seen.append(seen)
    return []


def _failed(course: VisitState, code: Code) -> Orders:
    if not course.spend(Stage.TOUCH):
        return review.refer(course, code)
    return begin(course, code)
