"""CARD: what the reader says."""

from kiosk import events as e
from kiosk.model import Answer, Device, Outcome, Stage
from kiosk.visit import review, rules
from kiosk.visit.course import Course, Orders


def read(course: Course, event: e.CardRead) -> Orders:
    verdict = rules.card(event.facts, course.limits)
    course.verdicts.append(verdict)
    if verdict.answer is Answer.REFUSE:
        return course.end(Outcome.REFUSED, verdict.code)
    if not course.passes(verdict):  # too young: is a guardian there, or must one come?
        return review.refer(course, verdict.code)
    course.card = event
    return [e.IgnoreCard(), course.go(Stage.PHONE, course.limits.phone_s), e.Say("phone")]


def failed(course: Course, event: e.CardFailed) -> Orders:
    if not course.spend(Stage.CARD):
        return course.end(Outcome.REFERRED, event.code)
    show = course.go(Stage.CARD, course.limits.card_s, event.code)
    return [show, e.Say("card_retry"), e.AwaitCard()]


def reader_failed(course: Course, event: e.DeviceFailed) -> Orders:
    if event.device is not Device.READER:
        return []
    return [e.Show(Stage.CARD, event.code, course.tries_left(Stage.CARD), course.deadline)]
