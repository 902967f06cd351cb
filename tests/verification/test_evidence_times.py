"""Times that come with a clip bound each other; what contradicts itself decides nothing."""

from __future__ import annotations

import pytest

from central.protocol.verification import ClipEvidence, VerdictCode
from evaluation.clips.simulated import ClipPlan, evidence, frame_times
from verification.evidence_times import fault
from verification.settings import load_settings

LIMITS = load_settings().clock
PLAN = ClipPlan(digits=(4, 8, 2, 9))
GOOD = evidence(PLAN, frame_times(PLAN))


def changed(place: int, **times: float) -> ClipEvidence:
    digits = list(GOOD.digits)
    digits[place] = digits[place].model_copy(update=times)
    return GOOD.model_copy(update={"digits": tuple(digits)})


def test_an_ordinary_recording_has_no_fault():
    assert fault(GOOD, LIMITS) is None


def test_an_answer_that_came_before_its_digit_was_handed_out_is_a_replay():
    before = changed(2, answered_ms=GOOD.digits[2].handed_out_ms - 1)
    assert fault(before, LIMITS) is VerdictCode.REPLAYED


@pytest.mark.parametrize(
    "other",
    [
        changed(2, answered_ms=GOOD.digits[2].handed_out_ms + 1000 * LIMITS.answer_most_s + 1),
        changed(3, shown_ms=GOOD.digits[3].shown_ms + 1000 * LIMITS.drift_most_s + 1),
        changed(1, shown_ms=GOOD.digits[0].shown_ms),
        changed(1, handed_out_ms=GOOD.digits[0].handed_out_ms),
        changed(0, shown_ms=GOOD.started_ms - 1),
        GOOD.model_copy(update={"frame_times_ms": GOOD.frame_times_ms[::-1]}),
        GOOD.model_copy(update={"colours": GOOD.colours[::-1]}),
    ],
    ids=[
        "answer too late",
        "shown much later",
        "shown at once",
        "handed at once",
        "early",
        "frames",
        "colours",
    ],
)
def test_times_that_contradict_each_other_are_of_no_use(other):
    assert fault(other, LIMITS) is VerdictCode.CLIP_CLOCK


@pytest.mark.parametrize("field", ["shown_ms", "handed_out_ms", "answered_ms"])
def test_a_time_that_is_no_number_never_passes(field):
    assert fault(changed(1, **{field: float("nan")}), LIMITS) is not None
