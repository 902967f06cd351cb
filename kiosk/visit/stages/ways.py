"""Which challenge follows the face in each way, and the change to another way in the middle of a visit."""

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
"""What begins after the face matched."""


def begin_challenge(state: VisitState) -> Orders:
    """Begin this way's challenge, after the face matched."""
    return CHALLENGES[state.way](state, Code.OK)


def chosen(state: VisitState, event: e.WayChosen) -> Orders:
    """Change the way, to each at most once in a visit: no way is a source of further tries."""
    if event.way not in state.limits.ways or event.way in state.ways:
        return []
    state.choose(event.way)
    state.reading = state.turning = state.light = state.challenge = None
    if event.way is Way.CLERK:
        # This way has a consent of its own; what was filmed is dropped, and nobody is filmed on it.
        state.consent = None
        state.photographed = False
        show = state.go(Stage.CONSENT, state.consent_s())
        return [e.StopListening(), e.Unwatch(), e.Forget(), show, e.Say("consent_clerk")]
    if state.stage is Stage.FACE:
        return [state.show()]
    return [e.StopListening(), *begin_challenge(state)]
