"""The simulated head as a picture: reproducible, alive, cheap; engines are asked in the other files."""

import time
from itertools import pairwise

import numpy as np
import pytest

from kiosk.simulators.head import EmptyShop, SimulatedHead
from tests.support.faces import MODELS, PHOTOS, engine, head, needs_models, photo

pytestmark = needs_models


def test_the_same_moment_gives_the_same_picture():
    assert np.array_equal(head("hopper").render(3.2), head("hopper").render(3.2))
    again = SimulatedHead(photo("hopper"), seed=0, models=MODELS)
    assert np.array_equal(again.render(3.2, mouth=0.5), head("hopper").render(3.2, mouth=0.5))


def test_no_two_frames_are_alike():
    frames = [head("hopper").render(5 + i / 25) for i in range(20)]
    frames += [EmptyShop().render(5 + i / 25) for i in range(20)]
    assert len({frame[::8, ::8].tobytes() for frame in frames}) == 40


def test_drawing_leaves_the_figure_as_it_was():
    before = head("hopper").render(7.0)
    head("hopper").render(7.0, mouth=1, eyes=0, turn=20, scale=1.5)
    assert np.array_equal(head("hopper").render(7.0), before)


@pytest.mark.parametrize("name", PHOTOS)
def test_it_moves_a_little_by_itself(name):
    boxes = [engine().detect(head(name).render(float(at)))[0] for at in range(0, 40, 2)]
    xs = [box.x for box in boxes]
    assert 2 < max(xs) - min(xs) < 30


def test_it_blinks_about_every_four_seconds():
    lids = [head("collins").eye_opening(i / 50) for i in range(50 * 37)]
    blinks = sum(a >= 0.5 > b for a, b in pairwise(lids))
    assert blinks == pytest.approx(10, abs=1)


def test_shift_and_scale_do_what_they_say():
    plain = engine().detect(head("collins").render(1.0))[0]
    moved = engine().detect(head("collins").render(1.0, shift=(60, 30)))[0]
    near = engine().detect(head("collins").render(1.0, scale=1.5))[0]
    nose, moved_nose = plain.points[2], moved.points[2]
    assert moved_nose - nose == pytest.approx([60, 30], abs=10)
    assert near.width / plain.width == pytest.approx(1.5, abs=0.15)


def test_an_upright_camera_shows_it_too():
    tall = SimulatedHead(photo("collins"), size=(480, 640), models=MODELS)
    picture = tall.render(1.0, mouth=0.4)
    assert picture.shape == (640, 480, 3)
    assert len(engine().detect(picture)) == 1


def test_nobody_stands_in_an_empty_room():
    assert engine().detect(EmptyShop().render(1.0)) == []


def test_a_photo_without_a_face_is_refused():
    with pytest.raises(ValueError, match="no face"):
        SimulatedHead(np.full((300, 300, 3), 120, np.uint8), models=MODELS)


def test_a_frame_is_cheap():
    """Four milliseconds are wanted; a busy machine may take some more."""
    head("collins").render(0, mouth=0.5)
    began = time.thread_time()
    for i in range(50):
        head("collins").render(i / 25, mouth=i / 50)
    assert (time.thread_time() - began) / 50 < 0.012
