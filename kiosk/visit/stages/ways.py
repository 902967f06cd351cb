"""The ways to be known, and changing to another one in the middle."""

from collections.abc import Callable

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Stage, Way
from kiosk.visit.stages import digits, head, touch
from kiosk.visit.state import Orders, VisitState

CHALLENGES: dict[Way, Callable[[VisitState, Code], Orders]] = {
    Way.VOICE: digits.begin,
    Way.HEAD: head.begin,
    Way.TOUCH: touch.begin,
}
"""What follows the face."""


def challenge(course: VisitState) -> Orders:
    """The face matched: what this way asks next."""
    return CHALLENGES[course.way](course, Code.OK)


def chosen(course: VisitState, event: e.WayChosen) -> Orders:
    """Another way, each at most once in a visit: no way is a source of further tries."""
    if event.way not in course.limits.ways or event.way in course.ways:
        return []
    course.choose(event.way)
    course.reading = course.turning = course.challenge = None
    if event.way is Way.CLERK:
        return _to_clerk(course)
    if course.stage is Stage.FACE:
        return [course.show()]
    return [e.StopListening(), *challenge(course)]


def _to_clerk(course: VisitState) -> Orders:
    """The clerk's way has a consent of its own; what was filmed is dropped, and nobody is filmed on it."""
    course.consent = None
    course.photographed = False
    show = course.go(Stage.CONSENT, course.limits.consent_s)
    return [e.StopListening(), e.Unwatch(), e.Forget(), show, e.Say("consent_clerk")]
