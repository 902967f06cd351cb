"""Stage CARD: the card of the applicant, or of a child's guardian, is read."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage, VerdictAnswer
from kiosk.visit.rules.card import judge_card
from kiosk.visit.stages import guardian, review
from kiosk.visit.state import Orders, VisitState


def begin(state: VisitState, code: Code = Code.OK) -> Orders:
    """Ask for a card; the one that was read before does not count any more."""
    state.card = None
    show = state.go(Stage.CARD, state.limits.card.limit_s, code)
    return [show, e.Say("card" if state.guardian is None else "card.guardian"), e.AwaitCard()]


def read(state: VisitState, event: e.CardRead) -> Orders:
    if state.child is not None:
        return guardian.card_read(state, event)
    verdict = judge_card(event.facts, state.limits.card)
    state.verdicts.append(verdict)
    if verdict.answer is VerdictAnswer.REFUSE:
        return state.end(Outcome.REFUSED, verdict.code)
    if verdict.code is Code.CARD_CHILD:
        return guardian.wanted(state, event)
    state.card = event
    if not state.passes(verdict):  # too young: a clerk attests that a guardian is there
        return review.refer(state, verdict.code)
    return go_on(state)


def go_on(state: VisitState) -> Orders:
    """Accept the card that was read, and ask for number and password."""
    return [e.IgnoreCard(), state.go(Stage.PHONE, state.limits.phone_s), e.Say("phone")]


def failed(state: VisitState, event: e.CardFailed) -> Orders:
    if not state.spend(Stage.CARD):
        return state.end(Outcome.REFERRED, event.code)
    show = state.go(Stage.CARD, state.limits.card.limit_s, event.code)
    return [show, e.Say("card_retry"), e.AwaitCard()]


def reader_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    return [state.show(event.code)] if event.device is Device.READER else []
