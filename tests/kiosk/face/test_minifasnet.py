"""The anti-spoof pair, and that a degenerate net is refused at start."""

import cv2
import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import ModelError
from kiosk.face.minifasnet import AntiSpoofNet, MiniFasNet, MiniFasNetSettings, surroundings
from kiosk.face.no_liveness import NoLiveness, NoLivenessSettings
from kiosk.ports import Face
from tests.support.faces import (
    ANTISPOOF,
    MODELS,
    PHOTOS,
    context,
    engine,
    needs_antispoof,
    needs_models,
    photo,
)


def face(x: float, y: float, width: float, height: float) -> Face:
    return Face(x=x, y=y, width=width, height=height, points=np.zeros((5, 2), np.float32), score=1.0)


def as_print(picture: np.ndarray) -> np.ndarray:
    """The photo printed small, on white paper with a border, held before a grey wall."""
    box = engine().detect(picture)[0]
    x0, y0 = max(0, int(box.x - 0.4 * box.width)), max(0, int(box.y - 0.4 * box.height))
    cut = picture[y0 : int(box.y + 1.4 * box.height), x0 : int(box.x + 1.4 * box.width)]
    paper = cv2.copyMakeBorder(
        cv2.resize(cut, (200, 240)), 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=(235,) * 3
    )
    wall = np.full((480, 640, 3), (96, 104, 110), np.uint8)
    wall[106 : 106 + paper.shape[0], 206 : 206 + paper.shape[1]] = paper
    return (cv2.GaussianBlur(wall, (0, 0), 1.2) * 0.85).astype(np.uint8)


@needs_antispoof
@needs_models
@pytest.mark.parametrize("name", PHOTOS)
def test_a_printed_photo_scores_as_an_attack(name):
    picture = as_print(photo(name))
    found = engine().detect(picture)[0]
    assert MiniFasNet(MiniFasNetSettings(), context()).score(picture, found) < 0.2


@needs_antispoof
@pytest.mark.parametrize("file", ANTISPOOF)
def test_the_self_test_passes_on_the_real_nets(file):
    AntiSpoofNet(MODELS / file)


@needs_antispoof
@pytest.mark.parametrize("file", ANTISPOOF)
def test_the_self_test_refuses_a_net_fed_with_fractions(file):
    """0…1 instead of 0…255: nearly the same answer to everything."""
    with pytest.raises(ModelError) as caught:
        AntiSpoofNet(MODELS / file, gain=1 / 255)
    assert caught.value.code is Code.MODEL_UNUSABLE


def test_missing_files_are_a_model_error(tmp_path):
    with pytest.raises(ModelError) as caught:
        MiniFasNet(MiniFasNetSettings(), context(tmp_path))
    assert caught.value.code is Code.MODEL_MISSING


def test_damaged_files_are_a_model_error(tmp_path):
    for file in ANTISPOOF:
        (tmp_path / file).write_bytes(b"not a net")
    with pytest.raises(ModelError) as caught:
        MiniFasNet(MiniFasNetSettings(), context(tmp_path))
    assert caught.value.code is Code.MODEL_ALTERED


@pytest.mark.parametrize("box", [(-20, -20, 60, 60), (0, 0, 200, 100), (190, 90, 60, 60), (50, 40, 1, 1)])
def test_surroundings_never_leave_the_picture(box):
    picture = np.arange(100 * 200 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 200, 3)
    assert surroundings(picture, face(*box), 4.0).shape == (80, 80, 3)


def test_surroundings_are_so_many_boxes_about_the_face():
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[150:250, 150:250] = 255
    crop = surroundings(picture, face(180, 180, 40, 40), 4.0)
    assert crop[40, 40].tolist() == [255, 255, 255]
    assert (crop[40] > 127).all(axis=1).mean() == pytest.approx(100 / 160, abs=0.04)


def test_the_driver_none_knows_nothing():
    driver = NoLiveness(NoLivenessSettings(), context())
    assert driver.score(np.zeros((10, 10, 3), np.uint8), face(0, 0, 5, 5)) is None
