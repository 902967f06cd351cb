"""Measures from the mesh follow what the simulated head does."""

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import ModelError
from kiosk.face.landmarks import MediaPipeLandmarks, MediaPipeSettings
from kiosk.ports import FaceMesh, Image
from tests.kiosk.face.test_quality import rotated
from tests.support.faces import PHOTOS, context, engine, head, landmarks, limits, needs_models

pytestmark = needs_models


def mesh(picture: Image) -> FaceMesh:
    return landmarks().measure(picture, engine().detect(picture)[0])


@pytest.mark.parametrize("name", PHOTOS)
def test_the_mouth_ratio_follows_the_mouth(name):
    asked = np.concatenate([np.linspace(0, 1, 13), np.linspace(1, 0, 13)])
    seen = [mesh(head(name).render(2 + i / 25, mouth=level)).mouth for i, level in enumerate(asked)]
    assert np.corrcoef(asked, seen)[0, 1] > 0.9
    assert max(seen) - min(seen) > 0.2


@pytest.mark.parametrize("name", PHOTOS)
def test_a_mouth_at_rest_measures_still(name):
    seen = [mesh(head(name).render(10 + i / 25)).mouth for i in range(25)]
    assert np.std(seen) < 0.015


def test_closed_eyes_are_seen():
    """Of one person: the other's glasses are drawn down with the lid, which no real lid does."""
    closed, opened = mesh(head("collins").render(1.0, eyes=0)), mesh(head("collins").render(1.0))
    assert closed.eyes < limits().min_eyes < 0.05 < opened.eyes


@pytest.mark.parametrize("name", PHOTOS)
def test_yaw_has_the_sign_of_the_turn(name):
    left, straight, right = (mesh(head(name).render(1.0, turn=turn)).yaw for turn in (-25, 0, 25))
    assert left < -10 < straight < 10 < right


@pytest.mark.parametrize("name", PHOTOS)
def test_a_mirrored_picture_mirrors_the_angles(name):
    picture = rotated(head(name).render(1.0, turn=20), 12)
    one, other = mesh(picture), mesh(np.ascontiguousarray(picture[:, ::-1]))
    assert other.yaw == pytest.approx(-one.yaw, abs=5)
    assert other.roll == pytest.approx(-one.roll, abs=4)
    assert other.pitch == pytest.approx(one.pitch, abs=5)
    assert other.mouth == pytest.approx(one.mouth, abs=0.04)


@pytest.mark.parametrize("degrees", [-25, -12, 12, 25])
def test_roll_is_measured_clockwise_in_degrees(degrees):
    picture = head("collins").render(1.0)
    assert mesh(rotated(picture, -degrees)).roll - mesh(picture).roll == pytest.approx(degrees, abs=5)


def test_presence_is_high_on_a_face_and_low_off_it():
    picture = head("collins").render(1.0)
    face = engine().detect(picture)[0]
    room = np.full_like(picture, 90)
    assert landmarks().measure(picture, face).presence > 0.9
    assert landmarks().measure(room, face).presence < 0.5


def test_points_lie_on_the_features_of_the_picture():
    picture = head("hopper").render(1.0)
    face = engine().detect(picture)[0]
    points = landmarks().points(picture, face)
    eyes = points[[33, 133], :2].mean(axis=0), points[[362, 263], :2].mean(axis=0)
    assert np.linalg.norm(eyes[0] - face.points[0]) < 0.08 * face.width
    assert np.linalg.norm(eyes[1] - face.points[1]) < 0.08 * face.width


def test_a_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError) as caught:
        MediaPipeLandmarks(MediaPipeSettings(), context(tmp_path))
    assert caught.value.code is Code.MODEL_MISSING


def test_a_damaged_file_is_a_model_error(tmp_path):
    (tmp_path / "face_landmark.tflite").write_bytes(b"\0" * 1000)
    with pytest.raises(ModelError) as caught:
        MediaPipeLandmarks(MediaPipeSettings(), context(tmp_path))
    assert caught.value.code is Code.MODEL_ALTERED
