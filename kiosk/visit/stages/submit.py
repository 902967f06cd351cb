"""SUBMIT and OUTCOME: the request, central's word on it, and the last screen."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Challenge, Device, Outcome, Purpose, RequestStatus, Stage, Way
from kiosk.visit.rules.stream import stream
from kiosk.visit.stages import review
from kiosk.visit.state import Orders, VisitState

_FINAL = {
    RequestStatus.ACTIVATED: Outcome.ACTIVATED,
    RequestStatus.PENDING: Outcome.PENDING,
    RequestStatus.REFUSED: Outcome.REFUSED,
}


def begin(course: VisitState, challenge: Challenge) -> Orders:
    """Everything passed: let the request be put on disk and sent, unless the camera's stream was not one, or
    a clerk has yet to see what proves who is a child's guardian.
    """
    if (fed := _fed(course)) is not None:
        return review.refer(course, fed)
    if course.child is not None and Code.CARD_CHILD not in course.overruled:
        course.challenge = challenge
        return review.refer(course, Code.CARD_CHILD)
    quiet: Orders = [e.StopListening(), e.Unwatch()]
    show = course.go(Stage.SUBMIT, course.limits.submit_s)
    prompt = "submit" if course.purpose is Purpose.OPEN else "submit.change"
    return [*quiet, show, e.Submit(course.number, _evidence(course, challenge)), e.Say(prompt)]


def _evidence(course: VisitState, challenge: Challenge) -> e.Evidence:
    assert course.consent is not None
    assert course.typed is not None
    owner = course.child or course.card
    return e.Evidence(
        card=owner.card if owner else None,
        phone=course.typed.phone,
        password=course.typed.password,
        consent=course.consent,
        challenge=challenge.id,
        verdicts=tuple(course.verdicts),
        began_unix=course.began.at_unix if course.began else 0.0,
        way=course.way,
        reviews=tuple(course.reviews),
        purpose=course.purpose,
        guardian=_guardian(course),
    )


def _guardian(course: VisitState) -> e.Guardian | None:
    if course.child is None:
        return None
    assert course.guardian is not None
    return e.Guardian(course.card.card if course.card else None, course.guardian)


def _fed(course: VisitState) -> Code | None:
    """Why the pictures of this visit are no witnesses, if so. The clerk's way has none."""
    if course.way is Way.CLERK:
        return None
    verdict = stream(course.stream, course.limits)
    course.verdicts.append(verdict)
    return verdict.code if verdict.answer is Answer.REFUSE and not course.passes(verdict) else None


def stored(course: VisitState, event: e.Stored) -> Orders:
    course.promised = event.request == course.number
    return []


def store_failed(course: VisitState, event: e.StoreFailed) -> Orders:
    return course.end(Outcome.REFERRED, event.code)


def receipt_arrived(course: VisitState, event: e.ReceiptArrived) -> Orders:
    if event.receipt.id != course.number:
        return []
    course.credential = event.receipt.credential
    return course.end(_FINAL[event.receipt.status], event.receipt.code)


def request_wedged(course: VisitState, event: e.RequestWedged) -> Orders:
    if event.request != course.number:
        return []
    return course.end(Outcome.REFERRED, event.code)


def disowned(course: VisitState, event: e.DeviceFailed) -> Orders:
    """Central does not take this terminal any more: no delivery is promised, and a promise that still
    stands on the screen is taken back.
    """
    open_ = course.stage is Stage.SUBMIT or course.outcome is Outcome.ACCEPTED
    if event.device is not Device.IDENTITY or not open_:
        return []
    return course.end(Outcome.REFERRED, event.code)


def failed_late(course: VisitState, event: e.DeviceFailed) -> Orders:
    """A printer that fails costs nothing but the paper."""
    if event.device is Device.PRINTER:
        return [e.NotPrinted(event.code)]
    return disowned(course, event)


def patience_spent(course: VisitState, _: e.TimePassed) -> Orders:
    """Promise delivery only if the request is on disk."""
    if course.promised:
        return course.end(Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE)
    return course.end(Outcome.REFERRED, Code.INTERNAL)


def late_receipt(course: VisitState, event: e.ReceiptArrived) -> Orders:
    """The answer came while the last screen still stands: tell the better news."""
    if event.receipt.id != course.number or course.outcome not in (Outcome.ACCEPTED, Outcome.PENDING):
        return []
    return receipt_arrived(course, event)


def late_wedge(course: VisitState, event: e.RequestWedged) -> Orders:
    """It will not be delivered after all: take the promise back."""
    return request_wedged(course, event) if course.outcome is Outcome.ACCEPTED else []


def dismissed(course: VisitState, _: e.Event) -> Orders:
    course.over = True
    course.stage, course.deadline = Stage.IDLE, None
    course.consent = None
    finished = e.Finished(
        course.number,
        course.outcome,
        course.code,
        course.ended_in,
        tuple(course.verdicts),
        course.credential,
        course.way,
        tuple(course.reviews),
        course.purpose,
    )
    return [e.Forget(), finished]
