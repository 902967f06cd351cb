"""REVIEW: signatures and the decision.

A decision counts only under a proven PIN; where the table says so a second one, a supervisor's, is needed.
Nothing here passes anything by itself: an overruled code is remembered, and the checks of the stage are made
again (`VisitState.passes`).
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Decision, Outcome, Review, Role, Signature, Stage, reasons
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.stages import card, face_watch, guardian, review, submit
from kiosk.visit.state import Orders, VisitState

WRONG_PINS = 5
"""So many wrong signatures end the review; the roster locks by itself besides."""


def signs(course: VisitState, event: e.Signs) -> Orders:
    case = course.case
    if case is None or case.asked_unix is None or (case.first is not None and case.decision is None):
        return []
    case.signing = event.clerk
    role = Role.CLERK if case.first is None else Role.SUPERVISOR
    return [e.Attest(event.clerk, event.pin, role)]


def not_attested(course: VisitState, event: e.NotAttested) -> Orders:
    case = course.case
    if case is None or not case.signing:
        return []
    return _wrong(course, case, event.code)


def attested(course: VisitState, event: e.Attested) -> Orders:
    case = course.case
    if case is None or case.signing != event.clerk or not event.clerk:
        return []
    signature = Signature(event.clerk, event.role, event.at_unix)
    if case.first is None:
        case.signing, case.first = "", signature
        return [review.show_case(course, case)]
    if event.role is not Role.SUPERVISOR:
        return _wrong(course, case, Code.STAFF_ROLE)
    if event.clerk == case.first.clerk:
        return _wrong(course, case, Code.STAFF_SAME_PERSON)
    return _approve(course, case, signature)


def _wrong(course: VisitState, case: ReviewCase, code: Code) -> Orders:
    case.signing = ""
    case.wrong += 1
    if case.wrong >= WRONG_PINS:
        return course.end(Outcome.REFERRED, case.code)
    role = Role.CLERK if case.first is None else Role.SUPERVISOR
    return [e.AskSignature(role, code)]


# ── the decision ─────────────────────────────────────────────────────────────────────────────────


def decided(course: VisitState, event: e.Decided) -> Orders:
    case = course.case
    if case is None or case.first is None or case.decision is not None:
        return []
    if event.reason not in reasons(event.decision, case.code):
        return []
    case.reason = event.reason
    if event.decision is Decision.REFUSE:
        _keep(course, case, event.decision)
        return course.end(Outcome.REFUSED, Code.REVIEW_REFUSED)
    if event.decision is Decision.AGAIN:
        return _again(course, case) if review.may_retry(course, case.code) else []
    return _asked_to_approve(course, case) if review.may_approve(course, case.code) else []


def _asked_to_approve(course: VisitState, case: ReviewCase) -> Orders:
    if case.code not in course.desk.second_signature:
        return _approve(course, case, None)
    case.decision = Decision.APPROVE
    return [e.AskSignature(Role.SUPERVISOR)]


def _approve(course: VisitState, case: ReviewCase, second: Signature | None) -> Orders:
    case.decision = Decision.APPROVE
    _keep(course, case, Decision.APPROVE, second)
    course.overruled.add(case.code)
    if case.code in (Code.WAY_ATTEST, Code.WAY_CLERK, Code.CARD_CHILD):
        return _submit(course)
    if case.code is Code.CARD_UNDER_AGE:  # for the card that was read: another one is not asked for
        return card.go_on(course)
    return _back_to(course, case.back, Code.REVIEW_APPROVED)


def _again(course: VisitState, case: ReviewCase) -> Orders:
    _keep(course, case, Decision.AGAIN)
    return _back_to(course, case.back)


def _keep(course: VisitState, case: ReviewCase, decision: Decision, second: Signature | None = None) -> None:
    assert case.reason is not None
    assert case.first is not None
    course.reviews.append(
        Review(
            code=case.code,
            decision=decision,
            reason=case.reason,
            overruled=(case.code,) if decision is Decision.APPROVE else (),
            first=case.first,
            second=second,
            asked_unix=case.asked_unix or 0.0,
        )
    )
    course.case = None


# ── going on ─────────────────────────────────────────────────────────────────────────────────────


def _submit(course: VisitState) -> Orders:
    if course.challenge is None:
        return course.end(Outcome.REFERRED, Code.CHALLENGE_NONE)
    return submit.begin(course, course.challenge)


def _back_to(course: VisitState, back: Stage, code: Code = Code.OK) -> Orders:
    """Where the visit was, with one more try. What was seen before the review does not count any more."""
    limits = course.limits
    if back is Stage.CONSENT:
        return [course.go(Stage.CONSENT, limits.consent_s), e.Say("consent")]
    if back is Stage.CARD:
        return card.begin(course)
    if back is Stage.GUARDIAN:
        return guardian.begin(course)
    if back is Stage.PHONE:
        return [course.go(Stage.PHONE, limits.phone_s), e.Say("phone")]
    for stage in (Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH):
        course.one_more(stage)
    return [*face_watch.begin(course, code), e.Say("face")]
