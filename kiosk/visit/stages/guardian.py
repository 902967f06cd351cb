"""Stage GUARDIAN: an adult applies for a child, with consent, card, face and voice of their own.

The clerk is asked at the end (`submit.begin`), when the guardian is known to be the owner of their card: do
papers show that this is the child's guardian? Of the child only the card is taken: no face, no voice.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Outcome, Stage, VerdictAnswer
from kiosk.visit.rules.card import judge_guardian_card
from kiosk.visit.stages import phone, review
from kiosk.visit.state import Orders, VisitState


def wanted(state: VisitState, event: e.CardRead) -> Orders:
    """Go on only where a clerk may attest it, and one is there; else the visit ends at once."""
    if not review.is_asked_of_clerk(state, Code.CARD_CHILD):
        return state.end(Outcome.REFERRED, Code.CARD_CHILD)
    state.child = event
    return [e.IgnoreCard(), e.CallClerk()]


def attended(state: VisitState, event: e.CardRead) -> Orders:
    """Go on for this child with the clerk who has just signed, if a clerk may attest it."""
    if not review.is_asked_of_clerk(state, Code.CARD_CHILD):
        return state.end(Outcome.REFERRED, Code.CARD_CHILD)
    state.child = event
    return begin(state)


def clerk_present(state: VisitState, _: e.ClerkPresent) -> Orders:
    return begin(state) if state.child is not None and state.guardian is None else []


def clerk_absent(state: VisitState, _: e.ClerkAbsent) -> Orders:
    if state.child is None or state.guardian is not None:
        return []
    return state.end(Outcome.REFERRED, Code.CARD_CHILD)


def begin(state: VisitState) -> Orders:
    """Ask the guardian for their consent."""
    return [state.go(Stage.GUARDIAN, state.consent_s("guardian")), e.Say("consent.guardian")]


def agreed(state: VisitState, event: e.GuardianAgreed) -> Orders:
    """Ask for the guardian's card; the child's may still lie on the reader."""
    state.guardian = event
    state.reset_tries(Stage.CARD)
    show = state.go(Stage.CARD, state.limits.card.limit_s)
    return [show, e.Say("card.guardian"), e.AwaitCard()]


def declined(state: VisitState, _: e.GuardianDeclined) -> Orders:
    return state.end(Outcome.REFERRED, Code.GUARDIAN_DECLINED)


def card_read(state: VisitState, event: e.CardRead) -> Orders:
    """Take the guardian's card; one that does not pass is refused, and the next is read while time lasts.

    Its number may be irregular: clerk and supervisor attest it, whatever they attested of the child's.
    """
    if state.guardian is None:
        return []
    verdict = judge_guardian_card(event.facts, state.limits.card)
    state.verdicts.append(verdict)
    if verdict.code is Code.CARD_NUMBER_IRREGULAR:
        state.card = event
        return review.refer(state, verdict.code)
    if verdict.answer is not VerdictAnswer.PASS:
        return [state.show(verdict.code), e.Say("card.guardian")]
    state.card = event
    return [e.IgnoreCard(), *phone.begin(state)]
