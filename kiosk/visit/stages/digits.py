"""DIGITS: were these digits read, now, by the face that matched?"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Answer, DigitHeard, FaceSeen, Outcome, Stage, Verdict
from kiosk.visit.reading import SCREEN_PATIENCE_S, Reading
from kiosk.visit.rules import microphone_level, verdicts
from kiosk.visit.stages import face_watch, review, submit
from kiosk.visit.state import Orders, VisitState


def begin(course: VisitState, code: Code) -> Orders:
    """New digits, never seen before."""
    course.reading, course.retry = None, code
    show = course.go(Stage.DIGITS, course.limits.digits_s, code)
    return [show, e.TakeChallenge()]


def challenge_taken(course: VisitState, event: e.ChallengeTaken) -> Orders:
    course.reading = Reading(event.challenge, course.limits, course.unhurried)
    course.prompts_due += 1
    return [e.Say(_prompt(course))]


def _prompt(course: VisitState) -> str:
    """With the reason, where the try before had one; the first says that the light will change."""
    if not course.tries_spent(Stage.DIGITS):
        return "digits" if course.limits.light == "off" or course.light_declined else "digits.light"
    reason = course.retry.value.rpartition(".")[2]
    return f"digits_retry.{reason}" if course.retry is not Code.OK else "digits_retry"


def challenge_missing(course: VisitState, event: e.ChallengeMissing) -> Orders:
    return course.end(Outcome.REFERRED, event.code)


def prompt_ended(course: VisitState, event: e.PromptEnded) -> Orders:
    """The prompt is over, so it cannot be heard as the customer: open the ear.

    An earlier reading's prompt that ends only now opens nothing: each prompt ends once, in order.
    """
    if course.reading is None or course.reading.started or not event.prompt.startswith("digits"):
        return []
    if course.prompts_due:
        return []
    course.reading.started = True
    course.deadline = course.at + course.limits.digit_first_s
    orders: Orders = [e.Listen(course.reading.count)]
    if course.limits.light != "off" and not course.light_declined:
        orders.append(course.reading.light())
    return orders


def light_shown(course: VisitState, event: e.LightShown) -> Orders:
    if course.reading is not None:
        course.reading.lit_up(event)
    return []


def light_declined(course: VisitState, _: e.LightDeclined) -> Orders:
    """For the rest of the visit. Where the light is required it takes the clerk: no new digits would help."""
    course.light_declined = True
    return [e.ShowLight("", course.limits.light_hold_s)]


def shown(course: VisitState, event: e.DigitShown) -> Orders:
    opened = course.reading.painted(event) if course.reading else None
    if course.reading is None or opened is None:
        return []
    course.deadline = course.reading.deadline()
    return [opened]


def time_passed(course: VisitState, _: e.TimePassed) -> Orders:
    reading = course.reading
    if reading is None or not reading.started or reading.awaiting_screen:
        return face_watch.start_over(course, Code.INTERNAL)  # no challenge, no prompt or no screen in time
    digit = reading.next_digit()
    if digit is None:
        return _judge(course, reading)
    course.deadline = course.at + SCREEN_PATIENCE_S
    return [digit]


def heard(course: VisitState, heard: DigitHeard) -> Orders:
    reading = course.reading
    if reading is None or not reading.answered(heard):
        return []
    marks: Orders = [e.ShowHeard(heard.window)] if heard.began is not None else []
    marks += _gain(course, reading)
    if reading.complete() or reading.hopelessly_silent():
        return marks + _judge(course, reading)
    _follow(course, reading)
    return marks


def _gain(course: VisitState, reading: Reading) -> Orders:
    """The clerk is told while it happens, once, and once more when it is mended."""
    found = microphone_level.judged(reading.answers(), course.limits)
    if found is None or found[0] is course.gain:
        return []
    course.gain, level = found
    return [e.ShowGain(course.gain, level)]


def slow_down(course: VisitState, _: e.SlowDown) -> Orders:
    """From the digit that is on the screen on."""
    reading = course.reading
    if reading is not None:
        reading.unhurried = True
        _follow(course, reading)
    return []


def _follow(course: VisitState, reading: Reading) -> None:
    """Go on when the digit on the screen has been heard and its time is over."""
    if reading.shown and not reading.awaiting_screen:
        course.deadline = reading.deadline()


def face_seen(course: VisitState, seen: FaceSeen) -> Orders:
    broken = verdicts.continuity(course.track, seen, course.face_at, course.limits)
    if seen.faces:
        course.face_at = seen.at
    if broken is not None:
        course.verdicts.append(broken)
        return face_watch.start_over(course, broken.code)
    if course.reading is not None:
        course.reading.seen.append(seen)
    return []


def _judge(course: VisitState, reading: Reading) -> Orders:
    """All windows are closed: were these digits read, now, by this face?"""
    heard = reading.in_order()
    spoken = verdicts.digits(reading.challenge, reading.shown, heard, course.limits)
    moved = verdicts.lips(heard, reading.seen, course.limits)
    lit = _lit(course, reading)
    course.verdicts += [spoken, moved, *lit]
    for verdict in (spoken, moved, *lit):
        if verdict.answer is not Answer.REVIEW and not course.passes(verdict):
            return _failed(course, verdict)
    course.verdicts.append(verdicts.unbroken(course.track, reading.seen, *reading.span(), course.limits))
    if course.verdicts[-1].answer is not Answer.PASS:
        return face_watch.start_over(course, course.verdicts[-1].code)
    return submit.begin(course, reading.challenge)


_HURRIED = frozenset({Code.SPEECH_SILENCE, Code.SPEECH_MISSING_DIGITS, Code.SPEECH_TOO_LATE})
"""Whoever fails so is given more time in the next try, without having to ask."""


def _lit(course: VisitState, reading: Reading) -> list[Verdict]:
    """The light's verdict; none where it is off."""
    if course.limits.light == "off":
        return []
    declined = course.light_declined
    return [verdicts.light(reading.challenge, reading.lit, reading.seen, course.limits, declined)]


def _failed(course: VisitState, verdict: Verdict) -> Orders:
    course.slowed |= verdict.code in _HURRIED
    if verdict.code is Code.LIGHT_DECLINED:
        return review.refer(course, verdict.code)
    if not course.spend(Stage.DIGITS):
        return review.refer(course, verdict.code)
    return [e.StopListening(), *begin(course, verdict.code)]
