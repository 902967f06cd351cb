"""Stage DIGITS: the person reads digits aloud, with the face that matched."""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import DigitHeard, FaceSeen, Outcome, Stage, Verdict, VerdictAnswer
from kiosk.visit.reading import SCREEN_PATIENCE_S, Reading
from kiosk.visit.rules.continuity import judge_continuity
from kiosk.visit.rules.digits import judge_digits
from kiosk.visit.rules.lips import judge_lips
from kiosk.visit.rules.microphone_level import judge_level
from kiosk.visit.stages import conclusion, face_watch, light, review
from kiosk.visit.state import Orders, VisitState

_NEED_TIME = frozenset({Code.SPEECH_SILENCE, Code.SPEECH_MISSING_DIGITS, Code.SPEECH_TOO_LATE})
"""After these the next try gives more time, without being asked."""


def begin(state: VisitState, code: Code) -> Orders:
    """Take new digits, never seen before."""
    state.reading, state.retry = None, code
    show = state.go(Stage.DIGITS, state.limits.digits.limit_s, code)
    return [show, e.TakeChallenge()]


def challenge_taken(state: VisitState, event: e.ChallengeTaken) -> Orders:
    state.reading = Reading(event.challenge, state.limits, state.unhurried)
    state.prompts_due += 1
    return [e.Say(_prompt(state))]


def _prompt(state: VisitState) -> str:
    """With the reason, where the try before had one; the first says that the light will change."""
    if not state.tries_spent(Stage.DIGITS):
        return "digits.light" if light.is_wanted(state) else "digits"
    reason = state.retry.value.rpartition(".")[2]
    return f"digits_retry.{reason}" if state.retry is not Code.OK else "digits_retry"


def challenge_missing(state: VisitState, event: e.ChallengeMissing) -> Orders:
    return state.end(Outcome.REFERRED, event.code)


def prompt_ended(state: VisitState, event: e.PromptEnded) -> Orders:
    """Begin to listen: the prompt is over, so it cannot be taken for the customer's voice.

    An earlier reading's prompt that ends only now opens nothing: each prompt ends once, in order.
    """
    if state.reading is None or state.reading.started or not event.prompt.startswith("digits"):
        return []
    if state.prompts_due:
        return []
    state.reading.started = True
    state.deadline = state.at + state.limits.digits.first_s
    reading = state.reading
    return [e.Listen(reading.count), *light.begin(state, reading.challenge, reading.longest_s())]


def shown(state: VisitState, event: e.DigitShown) -> Orders:
    opened = state.reading.painted(event) if state.reading else None
    if state.reading is None or opened is None:
        return []
    state.deadline = state.reading.deadline()
    return [opened]


def time_passed(state: VisitState, _: e.TimePassed) -> Orders:
    reading = state.reading
    if reading is None or not reading.started or reading.awaiting_screen:
        return face_watch.start_over(state, Code.INTERNAL)  # no challenge, no prompt or no screen in time
    digit = reading.next_digit()
    if digit is None:
        return _judge(state, reading)
    state.deadline = state.at + SCREEN_PATIENCE_S
    return [digit]


def heard(state: VisitState, heard: DigitHeard) -> Orders:
    reading = state.reading
    if reading is None or not reading.answered(heard):
        return []
    marks: Orders = [e.ShowHeard(heard.window)] if heard.began is not None else []
    # The clerk sees a notice while it happens: once, and once more when the microphone is set right.
    found = judge_level(reading.answers(), state.limits.sound)
    if found is not None and found[0] is not state.gain:
        state.gain, level = found
        marks.append(e.ShowGain(state.gain, level))
    if reading.complete() or reading.is_silent():
        return marks + _judge(state, reading)
    _update_deadline(state, reading)
    return marks


def slow_down(state: VisitState, _: e.SlowDown) -> Orders:
    """Give more time, from the digit on that is on the screen."""
    reading = state.reading
    if reading is not None:
        reading.unhurried = True
        _update_deadline(state, reading)
    return []


def _update_deadline(state: VisitState, reading: Reading) -> None:
    """The next digit is due when the one on the screen has been heard and its time is over."""
    if reading.shown and not reading.awaiting_screen:
        state.deadline = reading.deadline()


def face_seen(state: VisitState, seen: FaceSeen) -> Orders:
    broken = face_watch.find_break(state, seen)
    if broken is not None:
        return broken
    if state.reading is not None:
        state.reading.seen.append(seen)
    return []


def _judge(state: VisitState, reading: Reading) -> Orders:
    """Judge the whole reading, after its last window closed."""
    limits, heard = state.limits, reading.in_order()
    judged = [
        judge_digits(reading.challenge, reading.shown, heard, limits.digits, limits.sound),
        judge_lips(heard, reading.seen, limits.lips),
        *light.judge(state, reading.challenge, reading.seen),
    ]
    state.verdicts += judged
    if (failed := light.first_failure(state, judged)) is not None:
        return _failed(state, failed)
    unbroken = judge_continuity(state.track, reading.seen, reading.span(), limits.face.max_gap_s)
    state.verdicts.append(unbroken)
    if unbroken.answer is not VerdictAnswer.PASS:
        return face_watch.start_over(state, unbroken.code)
    return conclusion.conclude(state, reading.challenge)


def _failed(state: VisitState, verdict: Verdict) -> Orders:
    state.slowed |= verdict.code in _NEED_TIME
    if verdict.code in light.FINAL or not state.spend(Stage.DIGITS):
        return review.refer(state, verdict.code)
    return [e.StopListening(), *begin(state, verdict.code)]
