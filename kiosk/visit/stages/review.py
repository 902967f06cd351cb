"""Stage REVIEW: when a signed-in clerk is asked on the spot, and what they are shown.

What is not in the settings' table cannot be overruled; without a signed-in clerk the visit ends, referred.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Decision, Device, Outcome, Role, Stage, Step, Verdict, VerdictAnswer, Way
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.state import CARD_CODES, Orders, VisitState

WATCHED = frozenset({Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH})
"""Stages with a face before the camera: what a clerk approves then is approved for this face."""
AFTER_CHALLENGE = frozenset({Code.FACE_UNCERTAIN, Code.WAY_ATTEST, Code.WAY_CLERK, Code.CARD_CHILD})
"""Asked about when all else is done: what is approved is submitted. All other checks are made again."""
JUST_BELOW = 0.05
"""A likeness at most this much below the threshold is called "just below": words for people, no threshold."""


def refer(state: VisitState, code: Code, back: Stage | None = None) -> Orders:
    """Ask the clerk on the spot if that may be decided here; else end the visit, referred.

    `back`: the stage that another try begins with; None: the present one.
    """
    if code in AFTER_CHALLENGE:
        state.step = Step.CLERK
    if not is_asked_of_clerk(state, code) or len(state.reviews) >= state.review_settings.most:
        return state.end(Outcome.REFERRED, code)
    state.review_case = ReviewCase(code=code, back=back or state.stage)
    kept: Orders = []
    if state.stage in WATCHED:
        state.forget_other_approvals()
        kept = [e.KeepFace()]
    state.reading = state.turning = state.light = None
    state.go(Stage.REVIEW, state.limits.review_s, code)
    return [e.StopListening(), e.Unwatch(), *kept, e.IgnoreCard(), e.CallClerk()]


def is_asked_of_clerk(state: VisitState, code: Code) -> bool:
    """Return whether the settings let a clerk decide on this code on the spot."""
    return code in state.review_settings.may_overrule or (
        code is Code.VISIT_NEEDS_CLERK and state.review_settings.help
    )


def clerk_present(state: VisitState, event: e.ClerkPresent) -> Orders:
    """Show the review only now: nobody is to wait for a clerk who is not there."""
    case = state.review_case
    if case is None or case.asked_unix is not None:
        return []
    case.asked_unix = event.at_unix
    show = state.go(Stage.REVIEW, state.limits.review_s, case.code)
    return [show, e.AskSignature(Role.CLERK, clerk=event.clerk), e.Say("review")]


def may_wait(state: VisitState) -> bool:
    """Return whether the review can wait for help: no answer about a clerk or a signature is under way."""
    case = state.review_case
    return case is not None and case.asked_unix is not None and not case.signing


def call_changed(_: VisitState, event: e.ClerkCallChanged) -> Orders:
    return [e.ShowHelp(call=event.call)]


def clerk_absent(state: VisitState, _: e.ClerkAbsent) -> Orders:
    case = state.review_case
    if case is None or case.asked_unix is not None:
        return []
    return state.end(Outcome.REFERRED, case.code)


def challenge_taken(state: VisitState, event: e.ChallengeTaken) -> Orders:
    """Keep the challenge: the clerk's way names one of central's too, single use, for this terminal."""
    state.challenge = event.challenge
    return []


def challenge_missing(state: VisitState, event: e.ChallengeMissing) -> Orders:
    return state.end(Outcome.REFERRED, event.code)


def timed_out(state: VisitState, _: e.TimePassed) -> Orders:
    return state.end(Outcome.REFERRED, state.review_case.code if state.review_case else Code.VISIT_TIMEOUT)


def engines_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    """End the visit: without the engines nothing can go on after the review."""
    if event.device is Device.MODELS:
        return state.end(Outcome.REFERRED, event.code)
    return []


def may_approve(state: VisitState, code: Code) -> bool:
    """Return whether a clerk may overrule this code."""
    return code in state.review_settings.may_overrule


def may_retry(state: VisitState, code: Code) -> bool:
    """Return whether another try may be granted: once in a visit, as each is a chance for an impostor."""
    papers = code in (
        Code.WAY_CLERK,
        Code.CARD_CHILD,
        Code.CARD_NUMBER_IRREGULAR,
    )  # they do not change by trying again
    return not papers and not any(r.decision is Decision.AGAIN for r in state.reviews)


def show_case(state: VisitState, case: ReviewCase) -> e.ShowCase:
    """Return what there is to decide; the pictures come from the face watcher, not from here."""
    return e.ShowCase(
        code=case.code,
        way=state.way,
        findings=findings(state.verdicts),
        may_approve=may_approve(state, case.code),
        may_retry=may_retry(state, case.code),
        second=case.code in state.review_settings.second_signature,
        pictures=state.way is not Way.CLERK and case.back is not Stage.CARD,  # no camera yet
    )


def findings(verdicts: list[Verdict]) -> tuple[e.Finding, ...]:
    """Return the last verdict of each check, as a band; numbers and thresholds are not shown."""
    last = {verdict.check: verdict for verdict in verdicts}
    return tuple(e.Finding(check, _band(verdict)) for check, verdict in last.items())


def _band(verdict: Verdict) -> str:
    if verdict.answer is VerdictAnswer.PASS:
        return "passed"
    if verdict.code is Code.CARD_NUMBER_IRREGULAR:
        return "irregular"
    if verdict.code in CARD_CODES:
        return "guardian"
    if verdict.check is Check.FACE and verdict.answer is VerdictAnswer.REVIEW:
        mean, accept = verdict.measured.get("likeness_mean"), verdict.required.get("accept")
        near = isinstance(mean, float) and isinstance(accept, float) and mean >= accept - JUST_BELOW
        return "just_below" if near else "below"
    if verdict.code is Code.FACE_LIVENESS_UNKNOWN:
        return "unmeasured"
    return "below"
