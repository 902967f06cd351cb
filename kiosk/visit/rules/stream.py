"""Judges whether the camera's stream comes from a sensor that is looking now.

A passive check of faces takes an injected stream for live, so this one looks at the stream itself. Which
findings refuse is a setting (`[visit.stream] refuses`); the others go along as evidence, never as a pass.
"""

from collections.abc import Iterator

from kiosk.codes import Code
from kiosk.model import Check, Measures, StreamSeen, Verdict, VerdictAnswer
from kiosk.settings import StreamLimits

PRODUCTION = frozenset({Code.STREAM_UNKNOWN, Code.STREAM_REPEATED})
"""In production these must refuse."""

ENOUGH = 20
"""Frames before anything can be said."""


def is_young(seen: StreamSeen | None) -> bool:
    """Return whether the stream is measured, but has not been for long enough to be judged.

    Where nothing is measured there is nothing to wait for.
    """
    return seen is not None and seen.frames < ENOUGH


def judge_stream(seen: StreamSeen | None, limits: StreamLimits) -> Verdict:
    """Return PASS without a finding; REFUSE if one refuses by the settings; else REVIEW, as evidence."""
    found = list(_findings(seen, limits))
    grave = [code for code in found if code in limits.refuses]
    code = (grave or found or [Code.OK])[0]
    answer = VerdictAnswer.REFUSE if grave else VerdictAnswer.REVIEW if found else VerdictAnswer.PASS
    required: Measures = {
        "max_repeats": limits.max_repeats, "min_noise": limits.min_noise, "max_still_s": limits.max_still_s,
        "max_fps": limits.max_fps, "min_jitter_ms": limits.min_jitter_ms,
        "refuses": " ".join(code.value for code in limits.refuses),
    }  # fmt: skip
    return Verdict(
        check=Check.STREAM, answer=answer, code=code, measured=_measured(seen, found), required=required
    )


def _findings(seen: StreamSeen | None, limits: StreamLimits) -> Iterator[Code]:
    """The gravest first. So written that a measure that is not a number is a finding."""
    if seen is None or seen.frames < ENOUGH:
        yield Code.STREAM_UNKNOWN
        return
    if seen.repeated > limits.max_repeats:
        yield Code.STREAM_REPEATED
    if seen.loop_s is not None:
        yield Code.STREAM_LOOP
    # No camera is faster than `max_fps`, and no computer reads one more evenly than `min_jitter_ms`.
    if (
        seen.backwards
        or seen.fps is None
        or seen.jitter_ms is None
        or not seen.fps <= limits.max_fps
        or not seen.jitter_ms >= limits.min_jitter_ms
    ):
        yield Code.STREAM_TIMING
    if seen.noise is None or not seen.noise >= limits.min_noise:
        yield Code.STREAM_NO_NOISE
    if not seen.still_s <= limits.max_still_s:
        yield Code.STREAM_STILL


def _measured(seen: StreamSeen | None, found: list[Code]) -> Measures:
    if seen is None:
        return {"frames": 0}
    return {
        "frames": seen.frames, "held": seen.held, "repeated": seen.repeated, "backwards": seen.backwards,
        "fps": seen.fps, "jitter_ms": seen.jitter_ms, "noise": seen.noise, "loop_s": seen.loop_s,
        "still_s": seen.still_s, "findings": " ".join(code.value for code in found),
    }  # fmt: skip
