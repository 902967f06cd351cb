"""What is done to a chip's portrait before it is compared."""

import cv2
import numpy as np
import pytest

from kiosk.face.geometry import aligned
from kiosk.face.portrait_enhancement import deblocked, equalised, gamma_corrected, sizes
from kiosk.ports import Image
from kiosk.simulators.portrait import id_photo
from tests.support.faces import engine, needs_models, photo


def squeezed(picture: Image, quality: int) -> Image:
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def distance(one: Image, other: Image) -> float:
    return float(np.sqrt(((one.astype(float) - other.astype(float)) ** 2).mean()))


@needs_models
def test_the_restored_portrait_is_nearer_to_what_was_squeezed():
    whole = id_photo(photo("collins"), engine().detect(photo("collins"))[0])
    small = squeezed(whole, 30)
    restored = deblocked(small)
    assert restored.shape == small.shape
    assert restored.dtype == np.uint8
    assert distance(restored, whole) < 0.97 * distance(small, whole)


def test_the_steps_between_blocks_become_smaller():
    ramp = np.repeat(np.linspace(60, 180, 104)[None, :, None], 128, 0).repeat(3, 2).astype(np.uint8)
    blocky = squeezed(ramp, 5)

    def steps(picture: Image) -> float:
        edges = np.abs(np.diff(picture[..., 1].astype(int), axis=1)).mean(axis=0)
        at = np.arange(len(edges)) % 8 == 7
        return float(edges[at].mean() - edges[~at].mean())

    assert steps(deblocked(blocky)) < 0.6 * steps(blocky)


@needs_models
def test_a_dark_and_a_pale_portrait_come_to_one_light():
    face = engine().detect(photo("collins"))[0]
    dark, pale = (photo("collins") * 0.35).astype(np.uint8), (photo("collins") * 0.4 + 150).astype(np.uint8)
    y, x = int(face.y + face.height / 2), int(face.x + face.width / 2)

    def light(picture: Image) -> float:
        return float(picture[y - 10 : y + 10, x - 10 : x + 10].mean())

    before, after = (
        light(pale) - light(dark),
        light(gamma_corrected(pale, face)) - light(gamma_corrected(dark, face)),
    )
    assert abs(after) < 0.6 * abs(before)
    assert np.array_equal(
        gamma_corrected(np.zeros((200, 200, 3), np.uint8), face), np.zeros((200, 200, 3), np.uint8)
    )


@needs_models
def test_a_side_in_the_shade_is_lifted_towards_the_other():
    face = engine().detect(photo("collins"))[0]
    y, x = int(face.y + face.height / 2), int(face.x + face.width / 2)
    shade = np.interp(np.arange(512), [x - 60, x + 60], [0.25, 1.0])[None, :, None]
    uneven = (photo("collins") * shade).astype(np.uint8)

    def slope(picture: Image) -> float:
        left, right = picture[y - 20 : y + 20, x - 60 : x - 30], picture[y - 20 : y + 20, x + 30 : x + 60]
        return float(right.mean() / max(left.mean(), 1))

    assert slope(equalised(uneven, face)) < 0.75 * slope(uneven)
    black = np.zeros((60, 60, 3), np.uint8)
    assert equalised(black, face).max() < 40, "nothing is made of nothing"


@needs_models
def test_the_smaller_sizes_lie_in_the_same_place():
    face = engine().detect(photo("collins"))[0]
    first, *others = sizes(face)
    assert np.allclose(first.points, face.points, atol=1e-3)
    for smaller in others:
        spread = np.linalg.norm(smaller.points[1] - smaller.points[0])
        assert spread > np.linalg.norm(face.points[1] - face.points[0])
        middle = aligned(photo("collins"), smaller)[40:72, 40:72].mean()
        assert middle == pytest.approx(aligned(photo("collins"), face)[40:72, 40:72].mean(), abs=12)
