"""What is kept of a face, and that nothing is left of it."""

import cv2
import numpy as np
import pytest

from kiosk.face.memory import FaceMemory

CARD = np.array([1, 0, 0], np.float32)


def vector(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle), 0], np.float32)


def crop(level: int) -> np.ndarray:
    return np.full((60, 40, 3), level, np.uint8)


@pytest.fixture
def memory() -> FaceMemory:
    memory = FaceMemory(capacity=3)
    memory.set_reference(CARD.copy())
    return memory


def test_nothing_seen_is_no_likeness(memory):
    assert memory.likeness_mean() is None
    assert memory.live_median() is None
    assert memory.picture(480, 85) is None


def test_no_reference_is_no_likeness():
    memory = FaceMemory(capacity=3)
    memory.add(1.0, vector(0), crop(0))
    assert memory.likeness_mean() is None
    assert memory.likeness(vector(0)) is None


def test_frames_that_differ_are_kept_and_one_of_two_alike_is_dropped(memory):
    for angle in (0.3, 0.31, 0.32, -0.3, 0.9):
        memory.add(1.0, vector(angle), crop(0))
    assert memory.full
    assert memory.frames == 5
    kept = np.mean([vector(angle) for angle in (0.3, -0.3, 0.9)], axis=0)
    assert memory.likeness_mean() == pytest.approx(kept[0] / np.linalg.norm(kept), abs=0.01)


def test_of_two_alike_the_better_one_is_kept_and_the_other_overwritten(memory):
    for rank, angle in ((2.0, 0.5), (1.0, -0.5), (1.0, 1.5)):
        memory.add(rank, vector(angle), crop(0))
    worse, better = vector(0.55), vector(-0.55)
    memory.add(1.0, worse, crop(0))
    assert not worse.any()
    memory.add(3.0, better, crop(0))
    assert better.any()
    kept = np.mean([vector(angle) for angle in (0.5, -0.55, 1.5)], axis=0)
    assert memory.likeness_mean() == pytest.approx(kept[0] / np.linalg.norm(kept), abs=1e-5)


def test_the_mean_of_unlike_frames_is_made_unit_long(memory):
    memory.add(1.0, vector(0.4), crop(0))
    memory.add(1.0, vector(-0.4), crop(0))
    assert memory.likeness_mean() == pytest.approx(1.0, abs=1e-6)


def test_the_picture_is_the_best_frame_and_is_not_enlarged(memory):
    memory.add(1.0, vector(0), crop(50))
    memory.add(3.0, vector(0), crop(200))
    memory.add(2.0, vector(0), crop(90))
    jpeg = memory.picture(480, 90)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (60, 40, 3)
    assert picture.mean() == pytest.approx(200, abs=3)


def test_the_picture_is_reduced_to_its_limit(memory):
    memory.add(1.0, vector(0), crop(50))
    picture = cv2.imdecode(np.frombuffer(memory.picture(30, 90), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (30, 20, 3)


def test_another_face_inherits_nothing_but_the_card(memory):
    memory.add(1.0, vector(0), crop(50))
    memory.add_live_score(0.9)
    memory.restart()
    assert (memory.frames, memory.live_median(), memory.picture(480, 85)) == (0, None, None)
    assert memory.likeness(vector(0)) == pytest.approx(1.0)


def test_forgetting_overwrites(memory):
    kept = [memory.reference, mine := vector(0.1)]
    memory.add(1.0, mine, crop(50))
    kept.append(memory._picture)
    memory.forget()
    assert not any(array.any() for array in kept)
    assert memory.reference is None


def test_the_face_that_a_clerk_saw_is_known_again_until_all_is_forgotten(memory):
    assert memory.likeness_reviewed() is None
    memory.add(1.0, vector(0.2), crop(0))
    memory.keep_reviewed()
    memory.begin()  # another watch of the same visit
    memory.set_reference(CARD.copy())
    assert memory.likeness_reviewed() is None  # nobody was seen yet
    memory.add(1.0, vector(0.3), crop(0))
    assert memory.likeness_reviewed() == pytest.approx(np.cos(0.1), abs=1e-6)
    memory.restart()
    memory.add(1.0, vector(1.4), crop(0))
    assert memory.likeness_reviewed() == pytest.approx(np.cos(1.2), abs=1e-6)
    kept = memory._reviewed
    memory.forget()
    assert not kept.any()
    memory.add(1.0, vector(0.2), crop(0))
    assert memory.likeness_reviewed() is None


def test_a_face_without_a_good_frame_can_be_nobody_s_again(memory):
    memory.add(1.0, vector(0.2), crop(0))
    memory.keep_reviewed()
    memory.begin()
    memory.keep_reviewed()  # the clerk was shown no picture
    memory.add(1.0, vector(0.2), crop(0))
    assert memory.likeness_reviewed() is None


def test_no_median_of_fewer_scores_than_five_stands_for_more_frames():
    memory = FaceMemory(8)
    picture = np.zeros((4, 4, 3), np.uint8)
    for i in range(6):
        memory.add(float(i), np.ones(4, np.float32), picture)
        if i != 1:  # one score failed
            memory.add_live_score(0.1 * i)
        assert (memory.live_median() is None) == (i in (1, 2, 3, 4)), i
    assert memory.live_median() == pytest.approx(0.3)
