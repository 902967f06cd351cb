"""REVIEW: when a signed-in clerk is asked on the spot, and what he is shown.

What is not in the settings' table cannot be overruled; without a signed-in clerk the visit ends, referred.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Check, Decision, Device, Outcome, Role, Stage, Verdict, Way
from kiosk.visit.review_case import ReviewCase
from kiosk.visit.state import OF_THE_CARD, Orders, VisitState

WATCHED = frozenset({Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH})
"""Where a face is before the camera: what a clerk approves then is approved for this one."""
JUST_BELOW = 0.05
"""A likeness so little under the line is told as "a little below": words for people, no threshold."""


def refer(course: VisitState, code: Code) -> Orders:
    """To the clerk on the spot if that may be decided here; else the visit ends, referred."""
    if not asked_of_clerk(course, code) or len(course.reviews) >= course.desk.most:
        return course.end(Outcome.REFERRED, code)
    course.case = ReviewCase(code, course.stage)
    kept: Orders = []
    if course.stage in WATCHED:
        course.set_apart()
        kept = [e.KeepFace()]
    course.reading = course.turning = None
    course.go(Stage.REVIEW, course.limits.review_s, code)
    return [e.StopListening(), e.Unwatch(), *kept, e.IgnoreCard(), e.CallClerk()]


def asked_of_clerk(course: VisitState, code: Code) -> bool:
    return code in course.desk.may_overrule or (code is Code.VISIT_NEEDS_CLERK and course.desk.help)


def clerk_present(course: VisitState, event: e.ClerkPresent) -> Orders:
    """Only now is the screen told: who waits for a clerk that is not there is not kept waiting."""
    case = course.case
    if case is None or case.asked_unix is not None:
        return []
    case.asked_unix = event.at_unix
    show = course.go(Stage.REVIEW, course.limits.review_s, case.code)
    return [show, e.AskSignature(Role.CLERK, clerk=event.clerk), e.Say("review")]


def clerk_absent(course: VisitState, _: e.ClerkAbsent) -> Orders:
    case = course.case
    if case is None or case.asked_unix is not None:
        return []
    return course.end(Outcome.REFERRED, case.code)


def challenge_taken(course: VisitState, event: e.ChallengeTaken) -> Orders:
    """The clerk's way names a challenge of central's too: single use, and issued to this terminal."""
    course.challenge = event.challenge
    return []


def challenge_missing(course: VisitState, event: e.ChallengeMissing) -> Orders:
    return course.end(Outcome.REFERRED, event.code)


def timed_out(course: VisitState, _: e.TimePassed) -> Orders:
    return course.end(Outcome.REFERRED, course.case.code if course.case else Code.VISIT_TIMEOUT)


def engines_failed(course: VisitState, event: e.DeviceFailed) -> Orders:
    """Without our engines nothing can go on after the review."""
    if event.device is Device.MODELS:
        return course.end(Outcome.REFERRED, event.code)
    return []


def may_approve(course: VisitState, code: Code) -> bool:
    return code in course.desk.may_overrule


def may_retry(course: VisitState, code: Code) -> bool:
    """Once in a visit: every try is a chance for whoever should not pass."""
    papers = code in (Code.WAY_CLERK, Code.CARD_CHILD)  # they do not change by trying again
    return not papers and not any(r.decision is Decision.AGAIN for r in course.reviews)


def show_case(course: VisitState, case: ReviewCase) -> e.ShowCase:
    """What there is to decide; the pictures come from the face room, not from here."""
    return e.ShowCase(
        code=case.code,
        way=course.way,
        findings=findings(course.verdicts),
        may_approve=may_approve(course, case.code),
        may_retry=may_retry(course, case.code),
        second=case.code in course.desk.second_signature,
        pictures=course.way is not Way.CLERK,
    )


def findings(verdicts: list[Verdict]) -> tuple[e.Finding, ...]:
    """The last word of each check, as a band; numbers and thresholds stay inside."""
    last = {verdict.check: verdict for verdict in verdicts}
    return tuple(e.Finding(check, _band(verdict)) for check, verdict in last.items())


def _band(verdict: Verdict) -> str:
    if verdict.answer is Answer.PASS:
        return "passed"
    if verdict.code in OF_THE_CARD:
        return "guardian"
    if verdict.check is Check.FACE and verdict.answer is Answer.REVIEW:
        mean, accept = verdict.measured.get("likeness_mean"), verdict.required.get("accept")
        near = isinstance(mean, float) and isinstance(accept, float) and mean >= accept - JUST_BELOW
        return "just_below" if near else "below"
    if verdict.code is Code.FACE_LIVENESS_UNKNOWN:
        return "unmeasured"
    return "below"
