"""FACE: is this the person of the card, and alive?"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, Check, FaceSeen, Outcome, Stage, Verdict
from kiosk.visit import portrait, review, rules, watching, ways
from kiosk.visit.course import Course, Orders

HINT_FRAMES = 3
"""A hint must be the same in so many looked-at frames before the person is told: no flicker."""


def reference_ready(course: Course, _: e.ReferenceReady) -> Orders:
    course.reference = True
    return []


def reference_failed(course: Course, event: e.ReferenceFailed) -> Orders:
    if event.code is Code.CARD_PORTRAIT_PHOTOGRAPHED:
        return portrait.begin(course, Code.OK)
    return course.end(Outcome.REFERRED, event.code)


def seen(course: Course, seen: FaceSeen) -> Orders:
    if seen.faces:
        course.face_at = seen.at
    if not course.reference:  # without the card's portrait nothing can be matched
        return _coach(course, seen)
    face = rules.face(seen, course.limits, photographed=course.photographed)
    if face.answer is Answer.RETRY:
        return _coach(course, seen)
    live = rules.liveness(seen, course.limits)
    course.verdicts += [face, live]
    unmeasured = live.answer is Answer.REVIEW and not course.limits.require_liveness
    if not course.passes(live) and not unmeasured:
        return _failed(course, live)
    if not course.passes(face):
        return _failed(course, face)
    course.track, course.face_at = seen.track, seen.at
    return ways.challenge(course)


def _coach(course: Course, seen: FaceSeen) -> Orders:
    """Tell one hint, once it has been the same for some frames."""
    hint = course.hint
    hint.seen = hint.seen + 1 if seen.hint is hint.code else 1
    hint.code = seen.hint
    if hint.seen < HINT_FRAMES or hint.code is hint.told:
        return []
    hint.told = hint.code
    return [e.Coach(hint.code)]


def _failed(course: Course, verdict: Verdict) -> Orders:
    """A try is spent; after the last a clear mismatch is refused, all else goes to the clerk."""
    if verdict.code is Code.CARD_PORTRAIT_PHOTOGRAPHED:  # more tries would not make it any better
        return review.refer(course, verdict.code)
    if course.spend(Stage.FACE):
        return [*watching.begin(course, verdict.code), e.Say("face_retry")]
    refused = verdict.check is Check.FACE and verdict.answer is Answer.REFUSE
    if refused and not review.may_approve(course, verdict.code):
        return course.end(Outcome.REFUSED, verdict.code)
    return review.refer(course, verdict.code)


def time_passed(course: Course, _: e.TimePassed) -> Orders:
    if (gone := course.gone_sense()) is not None:
        return course.end(Outcome.REFERRED, gone)
    if course.at - course.face_at >= course.limits.face_s / 2:
        return course.end(Outcome.ABANDONED, Code.VISIT_ABANDONED)
    code = course.hint.code if course.hint.code is not Code.OK else Code.FACE_TOO_FEW_FRAMES
    return watching.start_over(course, code)
