"""PORTRAIT: without a decoder for the chip's photo the printed one is photographed, and a clerk looks at it.

The card was read electronically in the same visit; what is held before the camera only has to be its print.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.visit.stages import face_watch
from kiosk.visit.state import Hint, Orders, VisitState

HINT_FRAMES = 2
"""Frames with a card take longer to look at than frames with a face."""


def begin(course: VisitState, code: Code) -> Orders:
    course.hint = Hint()
    show = course.go(Stage.PORTRAIT, course.limits.portrait_s, code)
    return [show, e.WatchCard(), e.Say("portrait")]


def seen(course: VisitState, event: e.CardSeen) -> Orders:
    """Tell one hint, once it has been the same for some frames."""
    hint = course.hint
    hint.seen = hint.seen + 1 if event.hint is hint.code else 1
    hint.code = event.hint
    if hint.seen < HINT_FRAMES or hint.code is hint.told:
        return []
    hint.told = hint.code
    return [e.Coach(hint.code)]


def ready(course: VisitState, event: e.ReferenceReady) -> Orders:
    """Only the print counts here; a decoded portrait that comes late is not what was asked for."""
    if not event.photographed:
        return []
    course.photographed = True
    return [*face_watch.begin(course, Code.OK), e.Say("face")]


def sense_failed(course: VisitState, event: e.DeviceFailed) -> Orders:
    if event.device is Device.MODELS:
        return course.end(Outcome.REFERRED, event.code)
    if event.device is not Device.CAMERA:
        return []
    return _again(course, event.code)


def time_passed(course: VisitState, _: e.TimePassed) -> Orders:
    gone = course.gone.get(Device.CAMERA)
    told = course.hint.code if course.hint.code is not Code.OK else Code.CARD_PICTURE_NONE
    return _again(course, gone or told)


def _again(course: VisitState, code: Code) -> Orders:
    """Without a portrait nothing can be compared, and no clerk may say that it could."""
    if not course.spend(Stage.PORTRAIT):
        return course.end(Outcome.REFERRED, code)
    return begin(course, code)
