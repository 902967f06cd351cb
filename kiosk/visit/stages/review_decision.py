"""Stage REVIEW: signatures and the decision.

A decision counts only under a proven PIN; where the settings say so a second one, a supervisor's, is needed.
Nothing here passes anything by itself: an overruled code is remembered, and the checks of the stage are made
again (`VisitState.passes`).
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Decision, Outcome, Review, Role, Signature, Stage, allowed_reasons
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.stages import card, face_watch, guardian, review, submit
from kiosk.visit.state import Orders, VisitState

WRONG_PINS = 5
"""Wrong signatures that end the review; the roster locks by itself besides."""


def signs(state: VisitState, event: e.Signs) -> Orders:
    case = state.review_case
    if case is None or case.asked_unix is None or (case.first is not None and case.decision is None):
        return []
    case.signing = event.clerk
    role = Role.CLERK if case.first is None else Role.SUPERVISOR
    return [e.Attest(event.clerk, event.pin, role)]


def not_attested(state: VisitState, event: e.NotAttested) -> Orders:
    case = state.review_case
    if case is None or not case.signing:
        return []
    return _wrong(state, case, event.code)


def attested(state: VisitState, event: e.Attested) -> Orders:
    case = state.review_case
    if case is None or case.signing != event.clerk or not event.clerk:
        return []
    signature = Signature(event.clerk, event.role, event.at_unix)
    if case.first is None:
        case.signing, case.first = "", signature
        return [review.show_case(state, case)]
    if event.role is not Role.SUPERVISOR:
        return _wrong(state, case, Code.STAFF_ROLE)
    if event.clerk == case.first.clerk:
        return _wrong(state, case, Code.STAFF_SAME_PERSON)
    return _approve(state, case, signature)


def _wrong(state: VisitState, case: ReviewCase, code: Code) -> Orders:
    case.signing = ""
    case.wrong += 1
    if case.wrong >= WRONG_PINS:
        return state.end(Outcome.REFERRED, case.code)
    role = Role.CLERK if case.first is None else Role.SUPERVISOR
    return [e.AskSignature(role, code)]


# ── the decision ─────────────────────────────────────────────────────────────────────────────────


def decided(state: VisitState, event: e.Decided) -> Orders:
    case = state.review_case
    if case is None or case.first is None or case.decision is not None:
        return []
    if event.reason not in allowed_reasons(event.decision, case.code):
        return []
    case.reason = event.reason
    if event.decision is Decision.REFUSE:
        _keep(state, case, event.decision)
        return state.end(Outcome.REFUSED, Code.REVIEW_REFUSED)
    if event.decision is Decision.AGAIN:
        if not review.may_retry(state, case.code):
            return []
        _keep(state, case, event.decision)
        return _back_to(state, case.back)
    if not review.may_approve(state, case.code):
        return []
    if case.code not in state.review_settings.second_signature:
        return _approve(state, case, None)
    case.decision = Decision.APPROVE
    return [e.AskSignature(Role.SUPERVISOR)]


def _approve(state: VisitState, case: ReviewCase, second: Signature | None) -> Orders:
    case.decision = Decision.APPROVE
    _keep(state, case, Decision.APPROVE, second)
    state.overruled.add(case.code)
    if case.code in (Code.WAY_ATTEST, Code.WAY_CLERK, Code.CARD_CHILD):
        if state.challenge is None:
            return state.end(Outcome.REFERRED, Code.CHALLENGE_NONE)
        return submit.begin(state, state.challenge)
    if case.code is Code.CARD_UNDER_AGE:  # for the card that was read: another one is not asked for
        return card.go_on(state)
    return _back_to(state, case.back, Code.REVIEW_APPROVED)


def _keep(state: VisitState, case: ReviewCase, decision: Decision, second: Signature | None = None) -> None:
    assert case.reason is not None
    assert case.first is not None
    state.reviews.append(
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
    state.review_case = None


# ── going on ─────────────────────────────────────────────────────────────────────────────────────


def _back_to(state: VisitState, back: Stage, code: Code = Code.OK) -> Orders:
    """Go back to where the visit was, with one more try; what was seen before the review counts no more."""
    limits = state.limits
    if back is Stage.CONSENT:
        return [state.go(Stage.CONSENT, limits.consent_s), e.Say("consent")]
    if back is Stage.CARD:
        return card.begin(state)
    if back is Stage.GUARDIAN:
        return guardian.begin(state)
    if back is Stage.PHONE:
        return [state.go(Stage.PHONE, limits.phone_s), e.Say("phone")]
    for stage in (Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH):
        state.grant_try(stage)
    return [*face_watch.begin(state, code), e.Say("face")]
