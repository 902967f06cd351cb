"""How many frames are looked at, and how many of them dearly."""

import pytest

from kiosk.face.frame_scheduler import MAX_STRIDE, STEADY_STRIDE, FrameScheduler


def looked_at(camera_fps: float, seconds: float = 10.0, jitter: float = 0.0) -> float:
    scheduler = FrameScheduler(max_fps=15.0)
    times = [(i + jitter * (-1) ** i) / camera_fps for i in range(int(camera_fps * seconds))]
    return sum(scheduler.due(at) for at in times) / seconds


@pytest.mark.parametrize("camera_fps", [25, 30, 60])
def test_a_fast_camera_is_looked_at_fifteen_times_a_second(camera_fps):
    assert looked_at(camera_fps) == pytest.approx(15, abs=0.3)


def test_a_slow_camera_is_looked_at_every_time():
    assert looked_at(10) == pytest.approx(10)


def test_jitter_costs_no_frames():
    assert looked_at(15, jitter=0.1) == pytest.approx(15, abs=0.2)


def test_after_a_pause_it_does_not_catch_up():
    scheduler = FrameScheduler(max_fps=15.0)
    assert scheduler.due(0.0)
    assert sum(scheduler.due(60 + i / 60) for i in range(60)) <= 17


def dear(scheduler: FrameScheduler, *, steady: bool, looks: int = 60) -> int:
    count = 0
    for i in range(looks):
        assert scheduler.due(i / 15)
        if scheduler.embed_due(steady=steady):
            scheduler.record_embedding(scheduler._embed_s or 1e-6)
            count += 1
    return count


def test_a_fast_machine_embeds_every_frame_until_enough_is_known():
    assert dear(FrameScheduler(15.0), steady=False) == 60
    assert dear(FrameScheduler(15.0), steady=True) == 60 // STEADY_STRIDE


def test_a_slow_machine_embeds_as_often_as_the_time_allows():
    scheduler = FrameScheduler(15.0)
    scheduler.record_look(0.040)
    scheduler.record_embedding(0.070)  # 26 ms are left of each period: every third frame
    assert scheduler.stride == 3


def test_a_machine_too_slow_to_look_still_embeds_now_and_then():
    scheduler = FrameScheduler(15.0)
    scheduler.record_look(0.2)
    scheduler.record_embedding(0.2)
    assert scheduler.stride == MAX_STRIDE
