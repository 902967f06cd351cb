"""GUARDIAN: a child's card was read. Somebody grown up applies: own consent, own card, own face and voice.

The clerk is asked at the end (`submit.begin`), when the guardian is known to be who their card says: do
papers show that this is the child's guardian? Of the child nothing but the card is taken: no face, no voice.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Outcome, Stage
from kiosk.visit.rules import verdicts
from kiosk.visit.stages import review
from kiosk.visit.state import Orders, VisitState


def wanted(course: VisitState, event: e.CardRead) -> Orders:
    """Only where a clerk may attest it, and one is there: else nobody is kept waiting for nothing."""
    if not review.asked_of_clerk(course, Code.CARD_CHILD):
        return course.end(Outcome.REFERRED, Code.CARD_CHILD)
    course.child = event
    return [e.IgnoreCard(), e.CallClerk()]


def clerk_present(course: VisitState, _: e.ClerkPresent) -> Orders:
    return begin(course) if course.child is not None and course.guardian is None else []


def clerk_absent(course: VisitState, _: e.ClerkAbsent) -> Orders:
    if course.child is None or course.guardian is not None:
        return []
    return course.end(Outcome.REFERRED, Code.CARD_CHILD)


def begin(course: VisitState) -> Orders:
    """Ask the guardian."""
    return [course.go(Stage.GUARDIAN, course.limits.consent_s), e.Say("consent.guardian")]


def agreed(course: VisitState, event: e.GuardianAgreed) -> Orders:
    """Now the guardian's card; the child's may still lie there."""
    course.guardian = event
    course.afresh(Stage.CARD)
    show = course.go(Stage.CARD, course.limits.card_s)
    return [show, e.Say("card.guardian"), e.AwaitCard()]


def declined(course: VisitState, _: e.GuardianDeclined) -> Orders:
    return course.end(Outcome.REFERRED, Code.GUARDIAN_DECLINED)


def card_read(course: VisitState, event: e.CardRead) -> Orders:
    """A card that does not do is told; the next one that is laid there is read, while the time lasts."""
    if course.guardian is None:
        return []
    verdict = verdicts.guardian(event.facts, course.limits)
    course.verdicts.append(verdict)
    if verdict.answer is not Answer.PASS:
        return [course.show(verdict.code), e.Say("card.guardian")]
    course.card = event
    return [e.IgnoreCard(), course.go(Stage.PHONE, course.limits.phone_s), e.Say("phone")]
