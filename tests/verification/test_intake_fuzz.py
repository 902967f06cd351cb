"""Whatever a page hands in, the real decoder and the real engines end it with a verdict code."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from functools import lru_cache
from itertools import count

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from central.protocol.verification import Answer, ClipEvidence, Job, VerdictCode
from evaluation.clips.simulated import ClipPlan, encode
from tests.support import clips
from tests.support.clips import PLAN, loaded, recording, reference
from tests.support.faces import head, needs_models
from tests.verification.test_worker import Central, central
from verification import decide, decoder
from verification.decoder_process import MAX_BYTES, SIDES

pytestmark = [needs_models, pytest.mark.timeout(600)]
__all__ = ["central"]  # a fixture
FORMS = ("webm-vp8", "webm-h264", "mp4-h264")
SOUND = np.zeros(16_000, np.float32)
NUMBERS = count()
few = settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@lru_cache
def whole(form: str) -> bytes:
    """Return a good recording of two seconds, of one picture."""
    picture, times = head("collins").render(0.0), [i / 15 for i in range(30)]
    return encode(ClipPlan(digits=PLAN.digits, format=form), times, [picture] * len(times), SOUND)


def outcome_of(central: Central, clip: bytes, evidence: ClipEvidence) -> VerdictCode:
    """Return the code of a verdict that a worker made, with real limits, and no fault of its own."""
    faults: list[Exception] = []

    def verify(job: Job) -> object:
        try:
            return decide.verify(job, loaded(), clips.settings(), sandbox=False)
        except Exception as error:
            faults.append(error)
            raise

    table, worker = central.worker(verify)
    with closing(table):
        worker.step()
        id = central.submit(Job(evidence, clip, reference("collins")), f"r{next(NUMBERS)}")
        assert worker.step()
    if faults:
        raise faults[0]
    outcome = central.outcome(id)
    assert outcome is not None
    assert (outcome.answer is Answer.PASS) == (outcome.code is VerdictCode.OK)
    assert central.row(id).sealed is None
    return outcome.code


def test_a_good_recording_passes_by_this_way(central: Central) -> None:
    clip = recording()
    assert outcome_of(central, clip.clip, clip.evidence) is VerdictCode.OK


@few
@given(
    form=st.sampled_from(FORMS),
    keep=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=30),
    twice=st.booleans(),
)
@example(form="webm-vp8", keep=0.0, changes=[(0.0, 1)], twice=False)
def test_damaged_files(
    central: Central, form: str, keep: float, changes: list[tuple[float, int]], twice: bool
) -> None:
    data = bytearray(whole(form))
    for place, value in changes:
        data[int(place * len(data))] = value
    data = data[: max(1, int(keep * len(data)))]
    code = outcome_of(central, bytes(data * 2 if twice else data), recording().evidence)
    assert code is not VerdictCode.OK


def changing(sizes: Sequence[tuple[int, int]], frames: int, apart_ms: int, sound: bool) -> bytes:
    """Return a webm whose picture changes its size, as no muxer announces it."""
    file, shown = io.BytesIO(), head("collins").render(0.0)
    with av.open(file, "w", format="webm") as output:
        video, at = output.add_stream("libvpx", rate=30), 0
        video.width, video.height, video.pix_fmt = *sizes[0], "yuv420p"
        voice = output.add_stream("libopus", rate=48000) if sound else None
        for width, height in sizes:
            encoder = av.CodecContext.create("libvpx", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base = Fraction(1, 1000)
            encoder.options = {"deadline": "realtime", "cpu-used": "8"}
            packets = []
            for _ in range(frames):
                frame = av.VideoFrame.from_ndarray(shown, format="bgr24").reformat(width, height, "yuv420p")
                frame.pts, frame.time_base, at = at, Fraction(1, 1000), at + apart_ms
                packets += encoder.encode(frame)
            for packet in packets + encoder.encode(None):
                packet.stream = video
                output.mux(packet)
        if voice is not None:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.float32), "flt", "mono")
            frame.sample_rate = 48000
            output.mux(voice.encode(frame))
            output.mux(voice.encode(None))
    return file.getvalue()


SIDE = st.sampled_from((2, SIDES[0], 240, 480, SIDES[-1], SIDES[-1] + 2))


@few
@given(
    sizes=st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=3),
    frames=st.sampled_from((1, 3, 12)),
    apart_ms=st.sampled_from((0, 1, 66, 5000)),
    sound=st.booleans(),
)
@example(sizes=[(320, 240), (240, 320)], frames=16, apart_ms=66, sound=True)
@example(sizes=[(1920, 160), (160, 1920)], frames=16, apart_ms=66, sound=True)
def test_pictures_of_any_size_number_and_time(
    central: Central, sizes: list[tuple[int, int]], frames: int, apart_ms: int, sound: bool
) -> None:
    clip = changing(sizes, frames, apart_ms, sound)
    assert outcome_of(central, clip, recording().evidence) is not VerdictCode.OK


TIMES = st.floats(0, 1e9) | st.sampled_from((0.0, 5e-324, 1e9))


@few
@given(
    shift=TIMES | st.just(0.0),
    scale=st.sampled_from((0.0, 1e-300, 0.5, 0.999, 1.0, 1.001, 2.0)),
    keep=st.integers(0, 200),
    extra=st.lists(TIMES, max_size=3),
    started=TIMES | st.none(),
)
def test_clocks_of_any_kind(
    central: Central, shift: float, scale: float, keep: int, extra: list[float], started: float | None
) -> None:
    good = recording().evidence

    def at(time: float) -> float:
        return min(1e9, float(time * scale + shift))

    evidence = good.model_copy(
        update={
            "digits": tuple(one.model_copy(update={"shown_ms": at(one.shown_ms)}) for one in good.digits),
            "frame_times_ms": tuple(map(at, good.frame_times_ms[:keep])) + tuple(sorted(extra)),
            "started_ms": at(good.started_ms) if started is None else started,
        }
    )
    evidence = ClipEvidence.model_validate_json(evidence.model_dump_json())  # as central would take it
    code = outcome_of(central, recording().clip, evidence)
    if scale not in (0.999, 1.0, 1.001):
        assert code is not VerdictCode.OK


@pytest.mark.parametrize("filler", [b"\0", b"\xec\x01"], ids=["zeros", "void"])
def test_as_many_bytes_as_are_taken(central: Central, filler: bytes) -> None:
    clip = whole("webm-vp8")
    clip += filler * ((MAX_BYTES - len(clip)) // len(filler))
    assert outcome_of(central, clip, recording().evidence) is not VerdictCode.OK


def test_a_decoder_that_never_ends_leaves_a_verdict(
    central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "WALL_S", 0.5)
    monkeypatch.setattr(decoder, "_command", lambda sandbox: ["sleep", "600"])
    assert outcome_of(central, whole("webm-vp8"), recording().evidence) is VerdictCode.CLIP_MALFORMED
