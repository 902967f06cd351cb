"""Cutting faces out: arithmetic that can be checked by hand."""

import numpy as np
import pytest

from kiosk.face.geometry import TEMPLATE, aligned, eye_angle, inverse, similarity, upright_crop, window
from kiosk.ports import Face


def face_at(points: np.ndarray, box: tuple[float, float, float, float] = (0, 0, 100, 100)) -> Face:
    x, y, width, height = box
    return Face(x=x, y=y, width=width, height=height, points=points.astype(np.float32), score=1.0)


def placed(degrees: float, zoom: float, shift: tuple[float, float]) -> np.ndarray:
    """The template's points after turning, enlarging and shifting."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return TEMPLATE @ (zoom * turn).T + shift


@pytest.mark.parametrize("degrees", [-40, 0, 15])
def test_a_similarity_is_found_again(degrees):
    points = placed(degrees, 2.5, (30, -7))
    matrix = similarity(points, TEMPLATE)
    assert points @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(TEMPLATE, abs=1e-6)


def test_points_in_one_place_do_not_divide_by_zero():
    assert np.isfinite(similarity(np.zeros((5, 2)), TEMPLATE)).all()


def test_an_aligned_face_has_its_eyes_where_the_template_has_them():
    points = placed(20, 1.5, (120, 60))
    picture = np.zeros((400, 400, 3), np.uint8)
    for x, y in points[:2].round().astype(int):
        picture[y - 3 : y + 4, x - 3 : x + 4] = 255
    face = aligned(picture, face_at(points))
    for x, y in TEMPLATE[:2].round().astype(int):
        assert face[y, x].min() > 200


def test_a_leaning_face_is_cut_out_upright():
    points = placed(25, 1.0, (150, 150))
    face = face_at(points, (150, 150, 112, 112))
    matrix = upright_crop(face, eye_angle(face), 1.5, 192)
    right, left = points[:2] @ matrix[:, :2].T + matrix[:, 2]
    assert right[1] == pytest.approx(left[1], abs=0.5)
    assert left[0] > right[0]
    assert inverse(matrix)[:, :2] @ matrix[:, :2] == pytest.approx(np.eye(2), abs=1e-9)


def test_a_window_ends_where_the_picture_ends():
    picture = np.zeros((200, 300, 3), np.uint8)
    assert window(picture, face_at(TEMPLATE, (-10, 150, 80, 80)), 0.5).shape == (90, 110, 3)
