"""Stage REVIEW: signatures and the decision.

A decision counts only under a proven PIN; where the settings say so a second one, a supervisor's, is needed.
Nothing here passes anything by itself: an overruled code is remembered, and the checks of the stage are made
again (`VisitState.passes`).
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Decision, Outcome, Review, Role, Signature, Stage, allowed_reasons
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.stages import card, conclusion, face_watch, guardian, phone, phone_code, review, submit
from kiosk.visit.state import Orders, VisitState

WRONG_PINS = 5
"""Wrong signatures that end the review; the roster locks by itself besides."""


def signs(state: VisitState, event: e.Signs) -> Orders:
    case = state.review_case
    if case is None or case.asked_unix is None or (case.clerk and case.first is None):
        return []
    case.signing = event.clerk
    return [e.Attest(event.clerk, event.pin, _role(case))]


def not_attested(state: VisitState, event: e.NotAttested) -> Orders:
    case = state.review_case
    if case is None or not case.signing:
        return []
    return _wrong(state, case, event.code)


def attested(state: VisitState, event: e.Attested) -> Orders:
    """Show the case to the clerk whose PIN was right, or let the supervisor sign the decision."""
    case = state.review_case
    if case is None or case.signing != event.clerk or not event.clerk:
        return []
    if not case.clerk:
        case.signing, case.clerk = "", event.clerk
        return [review.show_case(state, case)]
    if case.first is None:
        return []
    if event.role is not Role.SUPERVISOR:
        return _wrong(state, case, Code.STAFF_ROLE)
    if event.clerk == case.clerk:
        return _wrong(state, case, Code.STAFF_SAME_PERSON)
    return [_sign(state, case, second=True)]


def _role(case: ReviewCase) -> Role:
    return Role.CLERK if case.first is None else Role.SUPERVISOR


def _wrong(state: VisitState, case: ReviewCase, code: Code) -> Orders:
    """Ask for number and PIN again; without the first signature the clerk decides anew."""
    case.signing = ""
    if case.first is None:
        case.clerk, case.decision, case.reason = "", None, None
    case.wrong += 1
    if case.wrong >= WRONG_PINS:
        return state.end(Outcome.REFERRED, case.code)
    return [e.AskSignature(_role(case), code)]


# ── the decision ─────────────────────────────────────────────────────────────────────────────────


def decided(state: VisitState, event: e.Decided) -> Orders:
    """Let the clerk sign what they decided, if it may be decided so."""
    case = state.review_case
    if case is None or not case.clerk or case.decision is not None:
        return []
    if event.reason not in allowed_reasons(event.decision, case.code):
        return []
    if event.decision is Decision.AGAIN and not review.may_retry(state, case.code):
        return []
    if event.decision is Decision.APPROVE and not review.may_approve(state, case.code):
        return []
    case.signing, case.decision, case.reason = case.clerk, event.decision, event.reason
    return [_sign(state, case, second=False)]


def _sign(state: VisitState, case: ReviewCase, *, second: bool) -> e.SignReview:
    assert case.decision is not None
    assert case.reason is not None
    return e.SignReview(
        visit=state.number,
        challenge=_challenge(state),
        persons=_persons(state),
        code=case.code,
        decision=case.decision,
        reason=case.reason,
        overruled=_overruled(case),
        second=second,
    )


def _challenge(state: VisitState) -> str | None:
    return state.challenge.id if state.challenge is not None else None


def _persons(state: VisitState) -> tuple[str, ...]:
    return tuple(read.person for read in (state.card, state.child) if read is not None)


def _overruled(case: ReviewCase) -> tuple[Code, ...]:
    return (case.code,) if case.decision is Decision.APPROVE else ()


def signed(state: VisitState, event: e.ReviewSigned) -> Orders:
    """Carry the decision out, once everybody has signed it."""
    case, signature = state.review_case, event.signature
    if case is None or case.decision is None or case.signing != signature.clerk:
        return []
    case.signing = ""
    if case.first is not None:
        return _carry_out(state, case, case.first, signature)
    case.first = signature
    if case.decision is Decision.APPROVE and case.code in state.review_settings.second_signature:
        return [e.AskSignature(Role.SUPERVISOR)]
    return _carry_out(state, case, signature, None)


def _carry_out(state: VisitState, case: ReviewCase, first: Signature, second: Signature | None) -> Orders:
    assert case.decision is not None
    assert case.reason is not None
    state.reviews.append(
        Review(
            code=case.code,
            challenge=_challenge(state),
            persons=_persons(state),
            decision=case.decision,
            reason=case.reason,
            overruled=_overruled(case),
            first=first,
            second=second,
            asked_unix=case.asked_unix or 0.0,
        )
    )
    state.review_case = None
    if case.decision is Decision.REFUSE:
        return state.end(Outcome.REFUSED, Code.REVIEW_REFUSED)
    if case.decision is Decision.AGAIN:
        return _back_to(state, case.back)
    return _go_on_approved(state, case)


def _go_on_approved(state: VisitState, case: ReviewCase) -> Orders:
    state.overruled.add(case.code)
    if case.code in review.AFTER_CHALLENGE:
        if state.challenge is None:
            return state.end(Outcome.REFERRED, Code.CHALLENGE_NONE)
        go_on = conclusion.finish if case.code is Code.FACE_UNCERTAIN else submit.begin
        return go_on(state, state.challenge)
    if case.code is Code.CARD_NUMBER_IRREGULAR:  # for the card that was read: another one is not asked for
        return card.number_attested(state)
    if case.code is Code.CARD_UNDER_AGE:
        return card.go_on(state)
    return _back_to(state, case.back, Code.REVIEW_APPROVED)


# ── going on ─────────────────────────────────────────────────────────────────────────────────────


def _back_to(state: VisitState, back: Stage, code: Code = Code.OK) -> Orders:
    """Go back to where the visit was, with one more try; what was seen before the review counts no more."""
    if back is Stage.CONSENT:
        return [state.go(Stage.CONSENT, state.consent_s()), e.Say("consent")]
    if back is Stage.CARD:
        return card.begin(state)
    if back is Stage.GUARDIAN:
        return guardian.begin(state)
    if back in (Stage.PHONE, Stage.CONFIRM):
        return phone.begin(state)
    if back is Stage.PHONE_CODE:
        return phone_code.begin(state)
    for stage in (Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH):
        state.grant_try(stage)
    return [*face_watch.begin(state, code), e.Say("face")]
