"""The stream's rule: each finding has its code, the settings say which refuse; a missing measure is one."""

import pytest
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.events import ReferenceReady
from kiosk.model import Check, Outcome, Stage, StreamSeen, VerdictAnswer
from kiosk.visit.rules.stream import judge_stream
from tests.support.visit_driver import LIMITS, SENSOR, VisitDriver

FINDINGS = [
    (Code.STREAM_REPEATED, {"repeated": 3}),
    (Code.STREAM_LOOP, {"loop_s": 3.0}),
    (Code.STREAM_TIMING, {"backwards": 1}),
    (Code.STREAM_TIMING, {"fps": 400.0}),
    (Code.STREAM_TIMING, {"fps": None}),
    (Code.STREAM_TIMING, {"jitter_ms": 0.0}),
    (Code.STREAM_TIMING, {"jitter_ms": float("nan")}),
    (Code.STREAM_NO_NOISE, {"noise": 0.02}),
    (Code.STREAM_NO_NOISE, {"noise": None}),
    (Code.STREAM_NO_NOISE, {"noise": float("nan")}),
    (Code.STREAM_STILL, {"still_s": 9.0}),
]


def test_a_sensor_passes():
    verdict = judge_stream(SENSOR, LIMITS.stream)
    assert (verdict.check, verdict.answer, verdict.code) == (Check.STREAM, VerdictAnswer.PASS, Code.OK)


@pytest.mark.parametrize(("code", "change"), FINDINGS)
def test_a_finding_refuses_if_the_settings_say_so_and_is_never_a_pass(code, change):
    seen = replace(SENSOR, **change)
    strict = judge_stream(seen, replace(LIMITS.stream, refuses=(code,)))
    lenient = judge_stream(seen, replace(LIMITS.stream, refuses=()))
    assert (strict.answer, strict.code) == (VerdictAnswer.REFUSE, code)
    assert (lenient.answer, lenient.code) == (VerdictAnswer.REVIEW, code)


@pytest.mark.parametrize("seen", [None, StreamSeen(), replace(SENSOR, frames=5)])
def test_what_was_not_measured_refuses(seen):
    verdict = judge_stream(seen, LIMITS.stream)
    assert (verdict.answer, verdict.code) == (VerdictAnswer.REFUSE, Code.STREAM_UNKNOWN)


def test_the_gravest_is_told_and_all_are_kept():
    verdict = judge_stream(replace(SENSOR, still_s=9.0, repeated=90), LIMITS.stream)
    assert verdict.code is Code.STREAM_REPEATED
    assert verdict.measured["findings"] == "stream.repeated stream.still"


def test_a_repeated_stream_ends_at_the_clerk_and_not_in_another_try():
    drive = VisitDriver().to_face()
    drive.feed(ReferenceReady())
    for _ in range(6):
        drive.see(stream=replace(SENSOR, repeated=40))
    assert drive.visit.stage is Stage.OUTCOME
    assert (drive.visit.outcome, drive.visit.code) == (Outcome.REFERRED, Code.STREAM_REPEATED)
