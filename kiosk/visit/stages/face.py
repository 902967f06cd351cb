"""FACE: is this the person of the card, and alive?"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Check, FaceSeen, Outcome, Stage, Verdict
from kiosk.visit.rules import verdicts
from kiosk.visit.rules.stream import stream, young
from kiosk.visit.stages import face_watch, portrait, review, ways
from kiosk.visit.state import Hint, Orders, VisitState

HINT_FRAMES = 3
"""A hint must be the same in so many looked-at frames before the person is told: no flicker."""

SAY_AFTER_S = 1.2
"""Most people follow the sentence on the screen sooner, and are not spoken to."""
SPOKEN = frozenset(
    {
        Code.FACE_NONE, Code.FACE_SEVERAL, Code.FACE_TOO_FAR, Code.FACE_TOO_NEAR, Code.FACE_OFF_CENTRE,
        Code.FACE_TURNED, Code.FACE_TILTED, Code.FACE_BLURRED, Code.FACE_TOO_DARK, Code.FACE_TOO_BRIGHT,
        Code.FACE_BACKLIT, Code.FACE_EYES_CLOSED, Code.FACE_COVERED, Code.FACE_LEFT, Code.FACE_CHANGED,
    }
)  # fmt: skip
"""Hints that have a prompt of their own, `hint_…`."""


def reference_ready(course: VisitState, _: e.ReferenceReady) -> Orders:
    course.reference = True
    return []


def reference_failed(course: VisitState, event: e.ReferenceFailed) -> Orders:
    if event.code is Code.CARD_PORTRAIT_PHOTOGRAPHED:
        return portrait.begin(course, Code.OK)
    return course.end(Outcome.REFERRED, event.code)


def seen(course: VisitState, seen: FaceSeen) -> Orders:
    if seen.faces:
        course.face_at = seen.at
    if not course.reference:  # without the card's portrait nothing can be matched
        return _coach(course, seen)
    course.compared = seen
    course.recognised = verdicts.approved_face(seen, course.limits)
    face = verdicts.face(seen, course.limits, photographed=course.photographed)
    if face.answer is Answer.RETRY or (course.passes(face) and young(seen.stream)):
        return _coach(course, seen)
    live = verdicts.liveness(seen, course.limits)
    course.verdicts += [face, live]
    unmeasured = live.answer is Answer.REVIEW and not course.limits.require_liveness
    if not course.passes(live) and not unmeasured:
        return _failed(course, live)
    if not course.passes(face):
        return _failed(course, face)
    fed = stream(seen.stream, course.limits)
    if fed.answer is Answer.REFUSE and not course.passes(fed):  # another try would see the same stream
        course.verdicts.append(fed)
        return review.refer(course, fed.code)
    course.track, course.face_at = seen.track, seen.at
    return ways.challenge(course)


def _coach(course: VisitState, seen: FaceSeen) -> Orders:
    """Show one hint, once it has been the same for some frames; say it, if the person does not follow."""
    hint = course.hint
    if seen.hint is not hint.code:
        hint.code, hint.seen, hint.since = seen.hint, 0, seen.at
    hint.seen += 1
    if hint.seen < HINT_FRAMES:
        return []
    shown: Orders = [] if hint.code is hint.told else [e.Coach(hint.code)]
    hint.told = hint.code
    return shown + _spoken(hint, seen.at)


def _spoken(hint: Hint, at: float) -> Orders:
    """Never two hints in one breath, and none into the first prompt."""
    due = max(hint.since + SAY_AFTER_S, hint.said_at + face_watch.SAY_EVERY_S)
    if hint.code not in SPOKEN or at < due:
        return []
    hint.said_at = at
    return [e.Say("hint_" + hint.code.value.removeprefix("face."))]


def _failed(course: VisitState, verdict: Verdict) -> Orders:
    """A try is spent; after the last a clear mismatch is refused, all else goes to the clerk."""
    if verdict.code is Code.CARD_PORTRAIT_PHOTOGRAPHED:  # more tries would not make it any better
        return review.refer(course, verdict.code)
    if course.spend(Stage.FACE):
        return [*face_watch.begin(course, verdict.code), e.Say("face_retry")]
    refused = verdict.check is Check.FACE and verdict.answer is Answer.REFUSE
    if refused and not review.may_approve(course, verdict.code):
        return course.end(Outcome.REFUSED, verdict.code)
    return review.refer(course, verdict.code)


def time_passed(course: VisitState, _: e.TimePassed) -> Orders:
    if (gone := course.gone_sense()) is not None:
        return course.end(Outcome.REFERRED, gone)
    if course.at - course.face_at >= course.limits.face_s / 2:
        return course.end(Outcome.ABANDONED, Code.VISIT_ABANDONED)
    if (known := _known_by_now(course)) is not None:
        course.verdicts.append(known)
        return _failed(course, known)
    code = course.hint.code if course.hint.code is not Code.OK else Code.FACE_TOO_FEW_FRAMES
    return face_watch.start_over(course, code)


def _known_by_now(course: VisitState) -> Verdict | None:
    """On a slow machine the time may be over before as many frames were compared as one would like."""
    if course.compared is None or course.photographed:
        return None
    face = verdicts.face(course.compared, course.limits, last=True)
    return face if face.answer in (Answer.REVIEW, Answer.REFUSE) else None
