"""Open and closed eyes, drawn: an iris above the corners, lashes below them."""

import cv2
import numpy as np
import pytest

from kiosk.face.eyes import openness

CORNERS = np.array([[60.0, 80.0], [110.0, 80.0]])


def eye(*, closed: bool, light: float = 1.0, narrow: bool = False, turn: float = 0.0) -> np.ndarray:
    skin = np.full((160, 170, 3), (120, 150, 185), np.uint8)
    if closed:
        cv2.ellipse(skin, (85, 80), (25, 8), 0, 0, 180, (50, 50, 60), 3)
    else:
        lid = 5 if narrow else 11
        cv2.ellipse(skin, (85, 78), (25, lid), 0, 0, 360, (225, 225, 225), -1)
        cv2.ellipse(skin, (85, 77), (8, min(lid, 10)), 0, 0, 360, (30, 40, 60), -1)
    noisy = skin * light + np.random.default_rng(1).normal(0, 2, skin.shape)
    matrix = cv2.getRotationMatrix2D((85.0, 80.0), turn, 1)
    return cv2.warpAffine(np.clip(noisy, 0, 255).astype(np.uint8), matrix, (170, 160))


@pytest.mark.parametrize("light", [0.3, 0.6, 1.0])
def test_an_iris_stands_above_and_lashes_below(light):
    assert openness(eye(closed=False, light=light), CORNERS) > 0.03
    assert openness(eye(closed=False, light=light, narrow=True), CORNERS) > 0.0
    assert openness(eye(closed=True, light=light), CORNERS) < -0.03


@pytest.mark.parametrize("turn", [-20, 20])
def test_a_head_that_leans_changes_nothing(turn):
    back = cv2.getRotationMatrix2D((85.0, 80.0), turn, 1)
    corners = CORNERS @ back[:, :2].T + back[:, 2]
    for closed in (False, True):
        level = openness(eye(closed=closed), CORNERS)
        assert openness(eye(closed=closed, turn=turn), corners) == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_a_flat_picture_is_neither(grey):
    assert openness(np.full((160, 170, 3), grey, np.uint8), CORNERS) == 0.0
