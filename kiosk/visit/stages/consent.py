"""Stages IDLE and CONSENT: a visit begins, and the person agrees to face recognition or declines it."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage, Way
from kiosk.visit.stages import review, timing
from kiosk.visit.state import Orders, VisitState

CLERK_WAYS = {Way.TOUCH: Code.WAY_ATTEST, Way.CLERK: Code.WAY_CLERK}
"""Ways that end with a clerk, and what the clerk is asked then: without one they need not begin."""


def began(state: VisitState, event: e.Began) -> Orders:
    state.began = event
    offered = state.limits.ways
    state.choose(event.way if event.way in offered else offered[0])
    prompt = "consent_clerk" if state.way is Way.CLERK else "consent"
    return [state.go(Stage.CONSENT, state.consent_s()), e.Say(prompt)]


def agreed(state: VisitState, event: e.Agreed) -> Orders:
    if state.declined:  # a second touch on a question that is answered
        return []
    state.consent = event
    return [e.CallClerk()] if state.way in CLERK_WAYS else go_on(state)


def go_on(state: VisitState) -> Orders:
    """Ask for the card; on the clerk's way no camera and no microphone is opened."""
    if state.card is not None and state.told:
        return to_clerk(state)
    show = state.go(Stage.CARD, state.limits.card.limit_s, state.gone.get(Device.READER, Code.OK))
    devices: Orders = [] if state.way is Way.CLERK else [e.Attend()]
    return [*devices, show, e.Say("card"), e.AwaitCard()]


def to_clerk(state: VisitState) -> Orders:
    """Refer to the clerk, once the card and what the purpose needs are there; they look at the person."""
    referred = review.refer(state, Code.WAY_CLERK)
    return [*referred, e.TakeChallenge()] if state.stage is Stage.REVIEW else referred


def prompt_ended(state: VisitState, event: e.PromptEnded) -> Orders:
    """Let the time to read begin when the text has been spoken: nobody reads and listens at once."""
    if event.prompt == e.READ_ALOUD:
        return timing.touched(state, e.Touched())
    if not event.prompt.startswith("consent") or state.asked:
        return []
    state.entered_at = state.at
    state.end_stage_at(state.at + state.limit_s)
    return [e.TimeLeft(state.ends)]


def declined(state: VisitState, _: e.Declined) -> Orders:
    """Offer the clerk's way instead of face recognition; who declines that too has cancelled."""
    if state.way is Way.CLERK:
        return state.end(Outcome.ABANDONED, Code.VISIT_CANCELLED)
    possible = Way.CLERK in state.limits.ways and review.is_asked_of_clerk(state, Code.WAY_CLERK)
    if state.declined or not possible:
        return state.end(Outcome.REFERRED, Code.CONSENT_REFUSED)
    state.declined = True
    return [e.CallClerk()]


def clerk_present(state: VisitState, _: e.ClerkPresent) -> Orders:
    if state.declined:
        state.declined = False
        state.choose(Way.CLERK)
        show = state.go(Stage.CONSENT, state.consent_s(), Code.CONSENT_REFUSED)
        return [show, e.Say("consent_clerk")]
    return go_on(state) if state.consent is not None else []


def clerk_absent(state: VisitState, _: e.ClerkAbsent) -> Orders:
    if state.declined:
        return state.end(Outcome.REFERRED, Code.CONSENT_REFUSED)
    return state.end(Outcome.REFERRED, CLERK_WAYS.get(state.way, Code.VISIT_NEEDS_CLERK))
