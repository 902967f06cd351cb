"""The track, fed with times and made-up embeddings."""

import numpy as np
import pytest

from kiosk.face.track import UNCOMPARED_S, Track

ONE = np.array([1, 0, 0], np.float32)
LIKE_ONE = np.array([0.8, 0.6, 0], np.float32)
OTHER = np.array([0, 0, 1], np.float32)


@pytest.fixture
def track() -> Track:
    """One face since 0.0."""
    track = Track(same_face=0.36, max_gap_s=0.5)
    track.record_face(0.0)
    track.compare(ONE.copy(), 0.0, good=True)
    return track


def test_a_face_that_stays_keeps_its_track(track):
    for step in range(1, 50):
        track.record_face(step * 0.1)
        assert track.compare(LIKE_ONE, step * 0.1, good=True) == pytest.approx(0.8)
    assert track.number == 0


def test_a_short_gap_is_bridged(track):
    track.record_absence(0.4)
    track.record_face(0.5)
    assert track.number == 0


def test_a_long_gap_breaks_it_once(track):
    for at in (0.2, 0.6, 0.8, 5.0):
        track.record_absence(at)
    track.record_face(5.1)
    assert track.number == 1


def test_frames_that_never_came_are_a_gap_too(track):
    track.record_face(0.7)
    assert track.number == 1


def test_another_face_breaks_it_and_becomes_the_first_of_the_next(track):
    track.record_face(0.1)
    assert track.compare(OTHER, 0.1, good=True) == pytest.approx(0.0)
    assert track.number == 1
    track.record_face(0.2)
    assert track.compare(OTHER, 0.2, good=True) == pytest.approx(1.0)
    assert track.number == 1


def test_a_face_that_drifts_away_from_the_first_is_another(track):
    angles = np.linspace(0, np.pi / 2, 30)
    for step, angle in enumerate(angles):
        track.record_face(0.1 * step)
        track.compare(np.array([np.cos(angle), np.sin(angle), 0], np.float32), 0.1 * step, good=True)
    assert track.number == 1


def test_doubling_breaks_it_once(track):
    track.cut()
    track.cut()
    assert track.number == 1


def test_a_poor_frame_does_not_become_the_first_face():
    track = Track(same_face=0.36, max_gap_s=0.5)
    track.record_face(0.0)
    assert track.compare(ONE, 0.0, good=False) is None
    assert not track.known


def test_a_face_that_cannot_be_compared_does_not_stay_the_same_for_ever(track):
    at = 0.0
    while at < UNCOMPARED_S + 0.2:
        at += 0.1
        track.record_face(at)
    assert track.number == 1


def test_forgetting_overwrites_the_first_face(track):
    kept = track._first
    track.forget()
    assert not kept.any()
    assert track.number == 0
    assert not track.known
