"""PHONE: the number and the password that were typed."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Stage, Way
from kiosk.visit.rules import verdicts
from kiosk.visit.stages import consent, face_watch
from kiosk.visit.state import Orders, VisitState


def typed(course: VisitState, event: e.Typed) -> Orders:
    verdict = verdicts.typed(event)
    if verdict.answer is not Answer.PASS:
        return [course.go(Stage.PHONE, course.limits.phone_s, verdict.code)]
    course.verdicts.append(verdict)
    course.typed = event
    if course.way is Way.CLERK:
        return consent.to_clerk(course)
    return [*face_watch.begin(course, course.gone_sense() or Code.OK), e.Say("face")]
