"""Stage CARD: the card of the applicant, or of a child's guardian, is read."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage, VerdictAnswer
from kiosk.visit.rules.card import judge_age, judge_card
from kiosk.visit.stages import guardian, phone, review
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
    if not state.passes(verdict):
        # A clerk attests that a guardian is there, or that the number is the card's.
        return review.refer(state, verdict.code)
    return go_on(state)


def number_attested(state: VisitState) -> Orders:
    """Go on with a card whose number clerk and supervisor attested: its owner may be too young besides."""
    read = state.card
    assert read is not None
    if state.guardian is not None:
        return go_on(state)
    verdict = judge_age(read.facts, state.limits.card)
    if verdict.code is Code.OK:
        return go_on(state)
    state.verdicts.append(verdict)
    if verdict.code is Code.CARD_CHILD:
        state.card = None
        return guardian.attended(state, read)
    return review.refer(state, verdict.code, back=Stage.CARD)


def go_on(state: VisitState) -> Orders:
    """Accept the card that was read, and ask for what the purpose needs."""
    return [e.IgnoreCard(), *phone.begin(state)]


def failed(state: VisitState, event: e.CardFailed) -> Orders:
    if event.code is Code.CLOCK_OFF or not state.spend(Stage.CARD):
        return state.end(Outcome.REFERRED, event.code)
    show = state.go(Stage.CARD, state.limits.card.limit_s, event.code)
    return [show, e.Say("card_retry"), e.AwaitCard()]


def reader_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    """Show what is wrong while it may still come right; another reader than the pinned ends the visit."""
    if event.device is not Device.READER:
        return []
    if event.code is Code.READER_CHANGED:
        return state.end(Outcome.REFERRED, event.code)
    return [state.show(event.code)]
