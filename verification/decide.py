"""From a job to its verdict: the terminal's engines and rules on the clip's own clock.

The order of the checks: what makes the clip unusable; the stream; whether there is a face to look at; digits,
continuity, lips, liveness, light; the likeness last, so that a clip without the right digits tells nothing
about whose face is on file. A check that could not be made is no pass.
"""

from collections import Counter
from collections.abc import Sequence
from math import isfinite, sqrt

from central.protocol.verification import Answer, ClipEvidence, Job, Outcome, VerdictCode
from kiosk.codes import Code
from kiosk.model import DigitHeard, FaceSeen, Verdict, VerdictAnswer
from kiosk.ports import Recogniser
from kiosk.visit.rules.continuity import judge_continuity
from kiosk.visit.rules.digits import judge_digits
from kiosk.visit.rules.face import judge_face, judge_liveness
from kiosk.visit.rules.light import LightResponse, measure_response, response_code
from kiosk.visit.rules.lips import judge_lips
from kiosk.visit.rules.stream import judge_stream
from verification import clip_clock, evidence_times, screen_colours
from verification.decoder import ClipUnusable, decode
from verification.engines import Engines
from verification.hearing import Hearing, challenge_of
from verification.observation import Observation, Observer, ReferenceUnusable
from verification.settings import Settings

V = VerdictCode
Measured = dict[str, bool | int | float | str | None]
_REFUSED = frozenset({V.NO_REFERENCE, V.MISMATCH})
"""Trying again changes nothing."""
_STREAM = {
    Code.STREAM_REPEATED: V.REPLAYED,
    Code.STREAM_LOOP: V.REPLAYED,
    Code.STREAM_STILL: V.REPLAYED,
    Code.STREAM_TIMING: V.INJECTED,
    Code.STREAM_UNKNOWN: V.CLIP_MALFORMED,
}
_SPEECH = {
    Code.SPEECH_SILENCE: V.NO_SOUND,
    Code.SPEECH_TOO_QUIET: V.NO_SOUND,
    Code.SPEECH_NOISY: V.TOO_NOISY,
    Code.SPEECH_WRONG_DIGITS: V.DIGITS_WRONG,
    Code.SPEECH_SECOND_VOICE: V.DIGITS_WRONG,
    Code.SPEECH_ENGINE_FAILED: V.ENGINE_FAILED,
}
_HINTS = {
    Code.FACE_NONE: V.NO_FACE,
    Code.FACE_LEFT: V.NO_FACE,
    Code.FACE_SEVERAL: V.TWO_FACES,
    Code.FACE_TOO_DARK: V.TOO_DARK,
    Code.FACE_TOO_BRIGHT: V.TOO_BRIGHT,
    Code.FACE_BACKLIT: V.TOO_BRIGHT,
    Code.FACE_ENGINE_FAILED: V.ENGINE_FAILED,
}
MARGIN_S = 0.3
"""Around the reading: a person who puts the phone away after the last digit is not gone before it."""
OTHER_LIGHT = 2.0
"""Changes so many times stronger than the least gain come from light on the face, not from noise."""
_SEVERAL_FRAMES = 3
"""Frames with two faces or more after which a break is put down to them."""


class _Undecided(Exception):  # noqa: N818
    """A check did not pass; ends the sequence."""

    def __init__(self, code: VerdictCode) -> None:
        super().__init__(code)
        self.code = code


def verify(job: Job, engines: Engines, settings: Settings, *, sandbox: bool) -> Outcome:
    """Return the verdict about a clip. Raises what an engine raises beside its own errors."""
    measured: Measured = {}
    try:
        _verify(job, engines, settings, sandbox, measured)
    except _Undecided as reason:
        answer = Answer.REFUSE if reason.code in _REFUSED else Answer.RETRY
        return Outcome(answer=answer, code=reason.code, measured=measured)
    return Outcome(answer=Answer.PASS, code=V.OK, measured=measured)


def _verify(job: Job, engines: Engines, settings: Settings, sandbox: bool, measured: Measured) -> None:
    if job.reference is None:
        raise _Undecided(V.NO_REFERENCE)
    if (code := evidence_times.fault(job.evidence, settings.clock)) is not None:
        raise _Undecided(code)
    try:
        observer = Observer(job.reference, engines, settings)
    except ReferenceUnusable:
        raise _Undecided(V.NO_REFERENCE) from None
    try:
        observation = observer.observe(decode(job.clip, sandbox=sandbox))
    except ClipUnusable:
        raise _Undecided(V.CLIP_MALFORMED) from None
    finally:
        observer.forget()
    try:
        judge(job.evidence, observation, engines.recogniser, settings, measured)
    finally:
        observation.forget()


def judge(
    evidence: ClipEvidence,
    observation: Observation,
    recogniser: Recogniser,
    settings: Settings,
    measured: Measured,
) -> None:
    """Apply the rules; note what they measured. Raises the first check that did not pass."""
    offset_s = _offset(evidence, observation, settings, measured)
    shown = [(digit.shown_ms - evidence.started_ms) / 1000 - offset_s for digit in evidence.digits]
    _check_stream(observation, settings, measured)
    _check_presence(observation.seen, settings)
    challenge = challenge_of([digit.digit for digit in evidence.digits], shown)
    if not 0 <= shown[0] < shown[-1] <= observation.frames_s[-1]:
        raise _Undecided(V.CLIP_CLOCK)
    hearing = Hearing(challenge, shown, settings)
    heard = hearing.run(observation.sound, recogniser)
    _check_digits(judge_digits(challenge, shown, heard, settings.digits, settings.visit.sound), measured)
    during = _during(observation.seen, hearing.reading.span())
    _check_continuity(during, hearing.reading.span(), settings, measured)
    _check_lips(heard, observation.seen, settings, measured)
    last = during[-1]
    liveness = judge_liveness(last, settings.visit.liveness)
    measured["live_median"] = last.live_median
    is_missing = last.live_median is None and not settings.visit.liveness.required
    if liveness.answer is not VerdictAnswer.PASS and not is_missing:
        raise _Undecided(V.NOT_LIVE)
    _check_light(evidence, observation.seen, offset_s, settings, measured)
    _check_likeness(last, settings, measured)


def _offset(
    evidence: ClipEvidence, observation: Observation, settings: Settings, measured: Measured
) -> float:
    captured = [(at - evidence.started_ms) / 1000 for at in evidence.frame_times_ms]
    alignment = clip_clock.align(observation.frames_s, captured)
    if alignment is None:
        raise _Undecided(V.CLIP_CLOCK)
    measured |= {"offset_s": round(alignment.offset_s, 4), "matched": round(alignment.matched, 3)}
    if not alignment.matched >= settings.clock.min_matched:
        raise _Undecided(V.CLIP_CLOCK)
    return alignment.offset_s


def _check_stream(observation: Observation, settings: Settings, measured: Measured) -> None:
    verdict = judge_stream(observation.stream, settings.visit.stream)
    measured["stream"] = str(verdict.measured.get("findings", ""))
    if verdict.answer is VerdictAnswer.REFUSE:
        raise _Undecided(_STREAM.get(verdict.code, V.INJECTED))


def _check_presence(seen: Sequence[FaceSeen], settings: Settings) -> None:
    """Name what is wrong with most frames if too few are good."""
    if sum(one.good for one in seen) >= settings.presence.min_frames:
        return
    hints = Counter(one.hint for one in seen if one.hint is not Code.OK)
    most = hints.most_common(1)[0][0] if hints else Code.FACE_NONE
    raise _Undecided(_HINTS.get(most, V.FACE_UNCLEAR))


def _check_digits(verdict: Verdict, measured: Measured) -> None:
    """Demand all digits: no clerk stands by who could have heard the one that is missing."""
    right, of = verdict.measured["right"], verdict.measured["of"]
    measured |= {"right": right, "of": of, "llr": verdict.measured["llr"]}
    if verdict.answer is VerdictAnswer.PASS and right == of:
        return
    code = verdict.code
    if verdict.answer is VerdictAnswer.PASS:
        code = Code(str(verdict.measured["faults"]).split()[0].partition(":")[2])
    raise _Undecided(_SPEECH.get(code, V.DIGITS_UNCLEAR))


def _check_lips(
    heard: Sequence[DigitHeard], seen: Sequence[FaceSeen], settings: Settings, measured: Measured
) -> None:
    verdict = judge_lips(heard, seen, settings.visit.lips)
    measured |= {"moved": verdict.measured["moved"], "chance": verdict.measured["chance"]}
    if verdict.answer is not VerdictAnswer.PASS:
        raise _Undecided(V.LIPS)


def _during(seen: Sequence[FaceSeen], span: tuple[float, float]) -> list[FaceSeen]:
    """Return what was seen from the first digit to the last voice. Raises the verdict if that is nothing."""
    found = [one for one in seen if span[0] - MARGIN_S <= one.at <= span[1] + MARGIN_S]
    if not found:
        raise _Undecided(V.NO_FACE)
    return found


def _check_continuity(
    seen: Sequence[FaceSeen], span: tuple[float, float], settings: Settings, measured: Measured
) -> None:
    verdict = judge_continuity(seen[-1].track, seen, span, settings.presence.max_gap_s)
    measured["longest_gap_s"] = verdict.measured["longest_gap_s"]
    if verdict.answer is not VerdictAnswer.PASS:
        several = sum(one.faces > 1 for one in seen) >= _SEVERAL_FRAMES
        raise _Undecided(V.TWO_FACES if several else V.PERSON_CHANGED)


def _check_light(
    evidence: ClipEvidence,
    seen: Sequence[FaceSeen],
    offset_s: float,
    settings: Settings,
    measured: Measured,
) -> None:
    limits = settings.visit.light
    if limits.mode == "off":
        return
    shown = []
    for colour in evidence.colours:
        letter = screen_colours.letter_of(colour.rgb)
        if letter is None:
            raise _Undecided(V.CLIP_MALFORMED)
        shown.append(((colour.at_ms - evidence.started_ms) / 1000 - offset_s, letter))
    samples = [(one.at, one.light) for one in seen if one.light is not None and all(map(isfinite, one.light))]
    response = measure_response(shown, samples)
    code = response_code(response, limits)
    if response is not None:
        measured |= {"light_gain": round(response.gain, 4), "light_fit": round(response.fit, 3)}
        if response.fit < limits.min_fit and strength(response) >= OTHER_LIGHT * limits.min_gain:
            code = Code.LIGHT_ABSENT  # the face follows a light, but not this one
    measured["light"] = code.value
    if code is Code.LIGHT_ABSENT or (code is not Code.OK and limits.mode == "required"):
        raise _Undecided(V.LIGHT)


def strength(response: LightResponse) -> float:
    """Return how strongly the face's colour changed, in step with the screen or not; in units of the gain."""
    return sqrt(response.error**2 * (2 * response.steps - 1) + response.gain**2)


def _check_likeness(last: FaceSeen, settings: Settings, measured: Measured) -> None:
    verdict = judge_face(last, settings.presence, settings.likeness, last=True)
    measured |= {"likeness": last.likeness_mean, "frames_good": last.frames_good}
    match verdict.answer:
        case VerdictAnswer.PASS:
            return
        case VerdictAnswer.REVIEW:
            raise _Undecided(V.UNCERTAIN)
        case VerdictAnswer.REFUSE:
            raise _Undecided(V.MISMATCH)
    raise _Undecided(V.FACE_UNCLEAR)
