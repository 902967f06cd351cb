"""Stages SUBMIT and OUTCOME: the request, central's answer to it, and the last screen."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, Device, Outcome, Purpose, RequestStatus, Stage, VerdictAnswer, Way
from kiosk.visit.rules.stream import judge_stream
from kiosk.visit.stages import review
from kiosk.visit.state import Orders, VisitState

_FINAL = {
    RequestStatus.ACTIVATED: Outcome.ACTIVATED,
    RequestStatus.PENDING: Outcome.PENDING,
    RequestStatus.REFUSED: Outcome.REFUSED,
}


def begin(state: VisitState, challenge: Challenge) -> Orders:
    """Order the request to be stored and sent, after everything passed.

    Refer to a clerk instead if the camera's stream does not come from a sensor, or if a clerk has yet to see
    what proves who is a child's guardian.
    """
    if state.way is not Way.CLERK:  # that way has no camera
        stream = judge_stream(state.stream, state.limits.stream)
        state.verdicts.append(stream)
        if stream.answer is VerdictAnswer.REFUSE and not state.passes(stream):
            return review.refer(state, stream.code)
    if state.child is not None and Code.CARD_CHILD not in state.overruled:
        state.challenge = challenge
        return review.refer(state, Code.CARD_CHILD)
    quiet: Orders = [e.StopListening(), e.Unwatch()]
    show = state.go(Stage.SUBMIT, state.limits.submit_s)
    prompt = "submit" if state.purpose is Purpose.OPEN else "submit.change"
    return [*quiet, show, e.Submit(state.number, _evidence(state, challenge)), e.Say(prompt)]


def _evidence(state: VisitState, challenge: Challenge) -> e.Evidence:
    assert state.consent is not None
    assert state.told
    owner, guardian = state.child or state.card, None
    if state.child is not None:
        assert state.guardian is not None
        guardian = e.Guardian(state.card.card if state.card else None, state.guardian)
    return e.Evidence(
        card=owner.card if owner else None,
        phone=state.typed.phone if state.typed else None,
        consent=state.consent,
        challenge=challenge.id,
        verdicts=tuple(state.verdicts),
        began_unix=state.began.at_unix if state.began else 0.0,
        way=state.way,
        reviews=tuple(state.reviews),
        purpose=state.purpose,
        guardian=guardian,
        reader=state.card.reader if state.card else None,
    )


def stored(state: VisitState, event: e.Stored) -> Orders:
    state.stored = event.request == state.number
    return []


def store_failed(state: VisitState, event: e.StoreFailed) -> Orders:
    return state.end(Outcome.REFERRED, event.code)


def receipt_arrived(state: VisitState, event: e.ReceiptArrived) -> Orders:
    if event.receipt.id != state.number:
        return []
    state.stored = False
    state.credential, state.erasure = event.receipt.credential, event.receipt.erasure
    return state.end(_FINAL[event.receipt.status], event.receipt.code)


def request_wedged(state: VisitState, event: e.RequestWedged) -> Orders:
    if event.request != state.number:
        return []
    return state.end(Outcome.REFERRED, event.code)


def identity_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    """End the visit if central does not accept this terminal any more.

    No delivery is promised then, and a promise that is still on the screen is withdrawn.
    """
    is_open = state.stage is Stage.SUBMIT or state.outcome is Outcome.ACCEPTED
    if event.device is not Device.IDENTITY or not is_open:
        return []
    return state.end(Outcome.REFERRED, event.code)


def failed_late(state: VisitState, event: e.DeviceFailed) -> Orders:
    """Show that nothing was printed if it is the printer that failed; it costs nothing but the paper."""
    if event.device is Device.PRINTER:
        return [e.NotPrinted(event.code)]
    return identity_failed(state, event)


def patience_spent(state: VisitState, _: e.TimePassed) -> Orders:
    """Promise delivery only if the request is on disk."""
    if state.stored:
        return state.end(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE)
    return state.end(Outcome.REFERRED, Code.INTERNAL)


def late_receipt(state: VisitState, event: e.ReceiptArrived) -> Orders:
    """Show the outcome if the receipt comes while the last screen is still up."""
    if event.receipt.id != state.number or state.outcome not in (Outcome.ACCEPTED, Outcome.PENDING):
        return []
    return receipt_arrived(state, event)


def late_wedge(state: VisitState, event: e.RequestWedged) -> Orders:
    """Withdraw the promise: the request will not be delivered after all."""
    return request_wedged(state, event) if state.outcome is Outcome.ACCEPTED else []


def help_wanted(state: VisitState, _: e.HelpWanted) -> Orders:
    """Call the clerk until the last screen is left."""
    state.called_at_end = state.ringing = True
    return [e.RingClerk()]


def dismissed(state: VisitState, _: e.Event) -> Orders:
    state.over = True
    state.stage, state.deadline = Stage.IDLE, None
    state.consent = None
    finished = e.Finished(
        visit=state.number,
        outcome=state.outcome,
        code=state.code,
        stage=state.ended_in,
        verdicts=tuple(state.verdicts),
        credential=state.credential,
        way=state.way,
        reviews=tuple(state.reviews),
        purpose=state.purpose,
    )
    return [e.Forget(), finished]
