"""How looking for the face begins, and begins again."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.visit.stages import review
from kiosk.visit.state import Hint, Orders, VisitState

SAY_EVERY_S = 5.0
"""Between two spoken hints."""
FIRST_WORDS_S = 3.5
"""So long the prompt of the stage itself is spoken."""


def begin(course: VisitState, code: Code) -> Orders:
    """Look for the face, from the beginning."""
    card = course.card.card if course.card else None
    course.reference = course.photographed
    course.hint = Hint(said_at=course.at + FIRST_WORDS_S - SAY_EVERY_S)
    course.face_at = course.at
    course.compared = None
    course.recognised = False
    show = course.go(Stage.FACE, course.limits.face_s, code)
    if course.photographed:  # the face of the printed portrait is kept
        return [show, e.Watch(None)]
    return [show, e.Watch(card.portrait if card else None)]


def start_over(course: VisitState, code: Code) -> Orders:
    """Back to the face, at the price of a try."""
    course.reading = course.turning = course.challenge = None
    if not course.spend(Stage.FACE):
        return review.refer(course, code)
    return [e.StopListening(), *begin(course, code), e.Say("face_retry")]


def sense_failed(course: VisitState, event: e.DeviceFailed) -> Orders:
    """Camera or microphone went away: what was seen and heard does not hang together any more.

    Without the engines (MODELS: a worker of ours died) nothing can be seen or heard at all.
    """
    if event.device is Device.MODELS:
        return course.end(Outcome.REFERRED, event.code)
    if event.device not in (Device.CAMERA, Device.MICROPHONE):
        return []
    return start_over(course, event.code)
