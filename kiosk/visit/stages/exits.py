"""Leaving a visit before its end: by a button, by asking for help, by time."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.visit.stages import review
from kiosk.visit.state import Orders, VisitState


def cancelled(course: VisitState, _: e.Cancelled) -> Orders:
    return course.end(Outcome.ABANDONED, Code.VISIT_CANCELLED)


def help_wanted(course: VisitState, _: e.HelpWanted) -> Orders:
    return review.refer(course, Code.VISIT_NEEDS_CLERK)


def timed_out(course: VisitState, _: e.TimePassed) -> Orders:
    if course.stage is Stage.CARD and Device.READER in course.gone:
        return course.end(Outcome.REFERRED, course.gone[Device.READER])
    return course.end(Outcome.ABANDONED, Code.VISIT_TIMEOUT)
