"""What is done to a chip's portrait before it is compared."""

import cv2
import numpy as np

from kiosk.face.restoring import deblocked, lit
from kiosk.ports import Image
from kiosk.simulators.portrait import id_photo
from tests.face.people import engine, needs_models, photo


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

    before, after = light(pale) - light(dark), light(lit(pale, face)) - light(lit(dark, face))
    assert abs(after) < 0.6 * abs(before)
    assert np.array_equal(lit(np.zeros((200, 200, 3), np.uint8), face), np.zeros((200, 200, 3), np.uint8))
