"""IDLE and CONSENT: a touch, and the answer to what was told."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.visit.course import Course, Orders


def began(course: Course, event: e.Began) -> Orders:
    course.began = event
    return [course.go(Stage.CONSENT, course.limits.consent_s), e.Say("consent")]


def agreed(course: Course, event: e.Agreed) -> Orders:
    course.consent = event
    show = course.go(Stage.CARD, course.limits.card_s, course.gone.get(Device.READER, Code.OK))
    return [e.Attend(), show, e.Say("card"), e.AwaitCard()]


def declined(course: Course, _: e.Declined) -> Orders:
    return course.end(Outcome.REFERRED, Code.CONSENT_REFUSED)
