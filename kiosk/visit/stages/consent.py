"""IDLE and CONSENT: a touch, the way that was chosen, and the answer to what was told."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage, Way
from kiosk.visit.stages import review
from kiosk.visit.state import Orders, VisitState

CLERKS = {Way.TOUCH: Code.WAY_ATTEST, Way.CLERK: Code.WAY_CLERK}
"""Ways that end with a clerk, and what he is asked then: without one they need not begin."""


def began(course: VisitState, event: e.Began) -> Orders:
    course.began = event
    offered = course.limits.ways
    course.choose(event.way if event.way in offered else offered[0])
    return [course.go(Stage.CONSENT, course.limits.consent_s), e.Say(_prompt(course))]


def _prompt(course: VisitState) -> str:
    return "consent_clerk" if course.way is Way.CLERK else "consent"


def agreed(course: VisitState, event: e.Agreed) -> Orders:
    if course.declined:  # a second touch on a question that is answered
        return []
    course.consent = event
    return [e.CallClerk()] if course.way in CLERKS else go_on(course)


def go_on(course: VisitState) -> Orders:
    """To the card; on the clerk's way no camera and no microphone is opened."""
    if course.card is not None and course.typed is not None:
        return to_clerk(course)
    show = course.go(Stage.CARD, course.limits.card_s, course.gone.get(Device.READER, Code.OK))
    eyes: Orders = [] if course.way is Way.CLERK else [e.Attend()]
    return [*eyes, show, e.Say("card"), e.AwaitCard()]


def to_clerk(course: VisitState) -> Orders:
    """Card and typed things are there: the clerk looks at the person."""
    asked = review.refer(course, Code.WAY_CLERK)
    return [*asked, e.TakeChallenge()] if course.stage is Stage.REVIEW else asked


def declined(course: VisitState, _: e.Declined) -> Orders:
    """No face recognition: the clerk's way, if one is there to go it."""
    possible = Way.CLERK in course.limits.ways and review.asked_of_clerk(course, Code.WAY_CLERK)
    if course.way is Way.CLERK or course.declined or not possible:
        return course.end(Outcome.REFERRED, Code.CONSENT_REFUSED)
    course.declined = True
    return [e.CallClerk()]


def clerk_present(course: VisitState, _: e.ClerkPresent) -> Orders:
    if course.declined:
        course.declined = False
        course.choose(Way.CLERK)
        show = course.go(Stage.CONSENT, course.limits.consent_s, Code.CONSENT_REFUSED)
        return [show, e.Say("consent_clerk")]
    return go_on(course) if course.consent is not None else []


def clerk_absent(course: VisitState, _: e.ClerkAbsent) -> Orders:
    if course.declined:
        return course.end(Outcome.REFERRED, Code.CONSENT_REFUSED)
    return course.end(Outcome.REFERRED, CLERKS.get(course.way, Code.VISIT_NEEDS_CLERK))
