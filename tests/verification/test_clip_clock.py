"""The clip's clock: found by vote, within a few milliseconds, also where frames and times are missing."""

from __future__ import annotations

import numpy as np
import pytest

from verification.clip_clock import EARLIEST_S, LATEST_S, LEAST_FRAMES, align

OFFSET_S = 0.037


def camera(seed: int = 0, count: int = 240, fps: float = 20.0, jitter_s: float = 0.006) -> np.ndarray:
    """Times of frames, the first at 0."""
    random = np.random.default_rng(seed)
    times = np.arange(count) / fps + random.uniform(-jitter_s, jitter_s, count)
    return times - times[0]


def captured(frames: np.ndarray, offset_s: float = OFFSET_S, seed: int = 1) -> np.ndarray:
    """The page's times of the same frames, and of some before and after the recording."""
    random = np.random.default_rng(seed)
    around = np.concatenate([frames, -0.05 * np.arange(1, 40), frames[-1] + 0.05 * np.arange(1, 20)])
    return np.sort(around + offset_s + random.uniform(-0.0005, 0.0005, len(around)))


@pytest.mark.parametrize("offset_s", [-0.05, 0.0, 0.037, 0.2, 0.45])
def test_the_offset_is_found(offset_s):
    frames = camera()
    found = align(frames, captured(frames, offset_s))
    assert found is not None
    assert found.offset_s == pytest.approx(offset_s, abs=0.003)
    assert found.matched > 0.98


def test_it_is_found_where_times_and_frames_are_missing():
    frames = camera()
    times = captured(frames)
    times = np.delete(times, np.arange(0, len(times), 7))
    left = np.delete(frames, np.arange(2, len(frames), 5))
    found = align(left, times)
    assert found is not None
    assert found.offset_s == pytest.approx(OFFSET_S, abs=0.003)


def test_matching_by_number_would_be_wrong_where_the_first_frame_is_missing():
    frames = camera()
    found = align(frames[1:] - frames[1], captured(frames))
    assert found is not None
    assert found.offset_s == pytest.approx(OFFSET_S + frames[1], abs=0.003)


def test_an_even_camera_is_placed_nearest_to_the_call():
    frames = camera(jitter_s=0.0)
    found = align(frames, captured(frames, 0.02))
    assert found is not None
    assert found.offset_s == pytest.approx(0.02, abs=0.003)


def test_times_of_another_recording_do_not_match():
    found = align(camera(seed=3, jitter_s=0.02), captured(camera(seed=4, jitter_s=0.02)))
    assert found is None or found.matched < 0.9


@pytest.mark.parametrize(
    ("frames", "times"),
    [([], [0.0]), ([0.0], []), (list(range(LEAST_FRAMES - 1)), [float(at) for at in range(100)])],
)
def test_too_little_is_no_alignment(frames, times):
    assert align(frames, times) is None


def test_times_far_from_the_recording_do_not_count():
    frames = camera()
    assert align(frames, frames + frames[-1] + LATEST_S + 1) is None
    assert align(frames, frames - frames[-1] + EARLIEST_S - 1) is None
