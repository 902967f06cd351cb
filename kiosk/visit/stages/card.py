"""CARD: what the reader says; of the person who came, or of a child's guardian."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Device, Outcome, Stage
from kiosk.visit.rules import verdicts
from kiosk.visit.stages import guardian, review
from kiosk.visit.state import Orders, VisitState


def begin(course: VisitState, code: Code = Code.OK) -> Orders:
    """Ask for a card; the one that was read before does not count any more."""
    course.card = None
    show = course.go(Stage.CARD, course.limits.card_s, code)
    return [show, e.Say("card" if course.guardian is None else "card.guardian"), e.AwaitCard()]


def read(course: VisitState, event: e.CardRead) -> Orders:
    if course.child is not None:
        return guardian.card_read(course, event)
    verdict = verdicts.card(event.facts, course.limits)
    course.verdicts.append(verdict)
    if verdict.answer is Answer.REFUSE:
        return course.end(Outcome.REFUSED, verdict.code)
    if verdict.code is Code.CARD_CHILD:
        return guardian.wanted(course, event)
    course.card = event
    if not course.passes(verdict):  # too young: is a guardian there, or must one come?
        return review.refer(course, verdict.code)
    return go_on(course)


def go_on(course: VisitState) -> Orders:
    """The card that was read is the one."""
    return [e.IgnoreCard(), course.go(Stage.PHONE, course.limits.phone_s), e.Say("phone")]


def failed(course: VisitState, event: e.CardFailed) -> Orders:
    if not course.spend(Stage.CARD):
        return course.end(Outcome.REFERRED, event.code)
    show = course.go(Stage.CARD, course.limits.card_s, event.code)
    return [show, e.Say("card_retry"), e.AwaitCard()]


def reader_failed(course: VisitState, event: e.DeviceFailed) -> Orders:
    if event.device is not Device.READER:
        return []
    return [course.show(event.code)]
