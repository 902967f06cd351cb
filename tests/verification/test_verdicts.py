"""From a recording to a verdict with the real engines: who passes, and what each other clip is told."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import pytest

from central.protocol.verification import Answer, ClipEvidence, VerdictCode
from evaluation.clips.simulated import (
    ClipPlan,
    RecordedClip,
    encode,
    evidence,
    frame_times,
    lit_head,
    reading,
    record,
)
from kiosk.model import SAMPLE_RATE
from tests.support.clips import PLAN, recording, reference, settings, verdict, voice
from tests.support.faces import head, needs_models

pytestmark = needs_models
TIMES = frame_times(PLAN)


def told(clip: RecordedClip, of: bytes | None = None) -> VerdictCode:
    outcome = verdict(clip, of or reference("collins"))
    assert (outcome.answer is Answer.PASS) == (outcome.code is VerdictCode.OK)
    return outcome.code


def with_plan(**change: object) -> ClipPlan:
    return msgspec.structs.replace(PLAN, **change)


def under(clip: RecordedClip, other: ClipPlan) -> RecordedClip:
    """The same recording, handed in for another challenge."""
    return RecordedClip(clip.clip, evidence(other, frame_times(other)))


@pytest.mark.parametrize("form", ["webm-h264", "webm-vp8", "mp4-h264"])
def test_the_right_person_who_reads_the_digits_passes(form):
    outcome = verdict(recording(plan=with_plan(format=form)), reference("collins"))
    assert outcome.code is VerdictCode.OK, outcome
    assert outcome.answer is Answer.PASS
    assert (outcome.measured["right"], outcome.measured["of"]) == (4, 4)
    assert outcome.measured["light"] == "ok"


def test_another_person_is_a_mismatch_and_final():
    outcome = verdict(recording(), reference("hopper"))
    assert (outcome.answer, outcome.code) == (Answer.REFUSE, VerdictCode.MISMATCH)


@pytest.mark.parametrize("photo", [None, b"no picture", "grey"], ids=["none", "no picture", "no face"])
def test_without_a_usable_reference_nothing_is_decoded(photo, monkeypatch):
    monkeypatch.setattr("verification.decide.decode", None)
    if photo == "grey":
        photo = cv2.imencode(".jpg", np.full((441, 358, 3), 128, np.uint8))[1].tobytes()
    outcome = verdict(recording(), photo)
    assert (outcome.answer, outcome.code) == (Answer.REFUSE, VerdictCode.NO_REFERENCE)


def test_one_wrong_digit_is_too_many():
    assert told(recording(plan=with_plan(said=(4, 8, 3, 9)))) is VerdictCode.DIGITS_WRONG


def test_other_digits_are_wrong():
    clip = recording()
    digits = tuple(
        one.model_copy(update={"digit": digit})
        for one, digit in zip(clip.evidence.digits, (7, 0, 5, 6), strict=True)
    )
    changed = clip.evidence.model_copy(update={"digits": digits})
    assert told(RecordedClip(clip.clip, changed)) is VerdictCode.DIGITS_WRONG


def test_a_digit_that_is_left_out_is_missed():
    plan = with_plan(digits=(4, 8, 2, 9), said=(4, 8, None, 9))
    assert told(recording(plan=plan)) is VerdictCode.DIGITS_UNCLEAR


def test_a_muted_microphone_is_no_sound():
    silence = np.zeros(round(PLAN.length_s * SAMPLE_RATE), np.float32)
    clip = record(PLAN, lit_head(head("collins"), PLAN), silence, mouth=reading(PLAN, voice()))
    assert told(clip) is VerdictCode.NO_SOUND


def test_yesterdays_clip_does_not_follow_todays_light():
    clip = recording()
    other = evidence(with_plan(challenge="today"), TIMES)
    today = clip.evidence.model_copy(update={"colours": other.colours})
    assert told(RecordedClip(clip.clip, today)) is VerdictCode.LIGHT


def test_a_voice_over_a_closed_mouth_is_told_by_the_lips():
    sound = reading(PLAN, voice())
    clip = record(PLAN, lit_head(head("collins"), PLAN), sound, mouth=np.zeros_like(sound))
    assert told(clip) is VerdictCode.LIPS


def test_a_frozen_picture_is_a_replay():
    picture = head("collins").render(0.0)
    clip = record(PLAN, lambda at, mouth: picture, reading(PLAN, voice()))
    assert told(clip) is VerdictCode.REPLAYED


def test_a_loop_is_a_replay():
    """Two seconds of somebody who moves, again and again."""
    plan = with_plan(digits=(4, 8, 2, 9, 1, 7))
    moving = [head("collins").render(i / 12, shift=(30 * np.sin(i / 4.0), 0.0)) for i in range(24)]
    clip = record(plan, lambda at, mouth: moving[round(at * 12) % 24], reading(plan, voice()))
    assert told(clip) is VerdictCode.REPLAYED


def test_two_faces_are_too_many():
    one, other = head("collins"), head("hopper")

    def both(at: float, mouth: float) -> np.ndarray:
        left, right = one.render(at, mouth=mouth, scale=0.8), other.render(at, scale=0.8)
        return np.hstack([left[:, 160:480], right[:, 160:480]])

    assert told(record(PLAN, both, reading(PLAN, voice()))) is VerdictCode.TWO_FACES


def test_another_person_in_the_middle_is_noticed():
    one, other = (lit_head(head(name), PLAN) for name in ("collins", "hopper"))

    def swapped(at: float, mouth: float) -> np.ndarray:
        return (one if at < PLAN.length_s / 2 else other)(at, mouth)

    assert told(record(PLAN, swapped, reading(PLAN, voice()))) is VerdictCode.PERSON_CHANGED


@pytest.mark.parametrize(
    ("light", "code"), [(0.1, VerdictCode.TOO_DARK), (0.0, VerdictCode.NO_FACE)], ids=["dark", "black"]
)
def test_in_the_dark_it_is_told_what_to_do(light, code):
    def dim(at: float, mouth: float) -> np.ndarray:
        return (head("collins").render(at, mouth=mouth) * light).astype(np.uint8)

    assert told(record(PLAN, dim, reading(PLAN, voice()))) is code


def test_a_face_in_which_all_is_lit_alike_fails_by_the_light():
    """A picture that an attacker tints as a whole, in step with the screen."""
    plain = head("collins")

    class Flat:
        def render(self, at: float, *, mouth: float) -> np.ndarray:
            return plain.render(at, mouth=mouth)

        def reflectance(self, at: float) -> float:
            return 1.0

    flat = lit_head(Flat(), PLAN)
    assert told(record(PLAN, flat, reading(PLAN, voice()))) is VerdictCode.LIGHT


def test_without_the_colours_of_the_light_nothing_is_said_about_it_unless_it_is_required():
    clip = recording()
    bare = RecordedClip(clip.clip, clip.evidence.model_copy(update={"colours": ()}))
    assert told(bare) is VerdictCode.OK
    light = msgspec.structs.replace(settings().visit.light, mode="required")
    assert verdict(bare, reference("collins"), light=light).code is VerdictCode.LIGHT


def test_where_liveness_is_required_a_missing_model_is_no_pass():
    liveness = msgspec.structs.replace(settings().visit.liveness, required=True)
    assert verdict(recording(), reference("collins"), liveness=liveness).code is VerdictCode.NOT_LIVE


def test_capture_times_of_another_recording_are_refused():
    other = frame_times(with_plan(seed=9, fps=10.0))
    clip = recording()
    evidence_ = clip.evidence.model_copy(
        update={"frame_times_ms": tuple(clip.evidence.started_ms + 1000 * at for at in other)}
    )
    assert told(RecordedClip(clip.clip, evidence_)) is VerdictCode.CLIP_CLOCK


def test_without_capture_times_there_is_no_clock():
    clip = recording()
    bare: ClipEvidence = clip.evidence.model_copy(update={"frame_times_ms": ()})
    assert told(RecordedClip(clip.clip, bare)) is VerdictCode.CLIP_CLOCK


def test_a_file_that_is_no_clip_is_malformed():
    assert told(RecordedClip(b"\x1aE\xdf\xa3 nothing", recording().evidence)) is VerdictCode.CLIP_MALFORMED


def test_a_clip_without_sound_is_malformed():
    pictures = [head("collins").render(at) for at in TIMES[:30]]
    clip = RecordedClip(encode(PLAN, TIMES[:30], pictures, None), recording().evidence)
    assert told(clip) is VerdictCode.CLIP_MALFORMED


def test_digits_that_were_displayed_after_the_clip_ended_are_of_no_use():
    clip = recording()
    times = ("shown_ms", "handed_out_ms", "answered_ms")
    late = tuple(
        one.model_copy(update={name: getattr(one, name) + 60_000 for name in times})
        for one in clip.evidence.digits
    )
    changed = clip.evidence.model_copy(update={"digits": late})
    assert told(RecordedClip(clip.clip, changed)) is VerdictCode.CLIP_CLOCK
