"""What colour of light a face throws back, on made-up pictures and simulated heads."""

import cv2
import numpy as np
import pytest

from kiosk.face.reflection import Reflection
from kiosk.ports import Face

POINTS = np.array([[130, 100], [190, 100], [160, 130], [135, 160], [185, 160]], np.float32)
FACE = Face(x=100, y=60, width=120, height=140, points=POINTS, score=0.9)
SKIN, WALL = (110, 130, 180), (150, 150, 140)


def picture(skin=SKIN, wall=WALL):
    image = np.full((240, 320, 3), wall, np.uint8)
    image[60:240, 95:225] = skin
    return image


def tinted(image, factors):
    return np.clip(image * np.array(factors), 0, 255).astype(np.uint8)


def test_the_first_frame_is_the_measure_of_the_others():
    reflection = Reflection()
    assert reflection.measure(picture(), FACE) == (0.0, 0.0)
    reflection.forget()
    assert reflection.measure(picture((90, 100, 150)), FACE) == (0.0, 0.0)


def test_red_light_on_the_face_alone_is_seen():
    reflection = Reflection()
    reflection.measure(picture(), FACE)
    red, blue = reflection.measure(picture((110, 130, 198)), FACE)
    assert red == pytest.approx(2.2 * np.log(198 / 180), rel=0.1)
    assert blue == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("factors", [(0.8, 0.8, 0.8), (1.1, 1.0, 0.85), (0.9, 1.05, 1.0)])
def test_exposure_white_balance_and_a_tint_over_everything_drop_out(factors):
    reflection = Reflection()
    reflection.measure(picture(), FACE)
    found = reflection.measure(tinted(picture(), factors), FACE)
    assert found == pytest.approx((0, 0), abs=0.05)


@pytest.mark.parametrize(
    "image",
    [
        picture(wall=(255, 255, 255)),
        picture(skin=(255, 255, 255)),
        picture()[:9],
        np.zeros((9, 9, 3), np.uint8),
    ],
    ids=["burnt wall", "burnt face", "too low", "tiny"],
)
def test_what_cannot_be_seen_is_not_measured(image):
    assert Reflection().measure(image, FACE) is None


def test_somebody_who_walks_past_behind_changes_nothing():
    reflection = Reflection()
    reflection.measure(picture(), FACE)
    passed = picture()
    passed[:, 285:] = (20, 40, 200)
    assert reflection.measure(passed, FACE) == pytest.approx((0, 0), abs=0.01)


def test_the_picture_is_not_changed():
    image = picture()
    before = image.copy()
    Reflection().measure(image, FACE)
    assert cv2.norm(image, before) == 0
