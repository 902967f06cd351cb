"""When the picture is looked at in all positions, and what the looks add up to."""

import numpy as np
import pytest

from kiosk.face.orientation import AHEAD, LOOK_EVERY_S, MOST, SURE, VOTES, OrientationCheck, best_turn
from kiosk.ports import Face

PICTURE = np.zeros((48, 64, 3), np.uint8)


class Detector:
    """Finds a face with a score for each position, the upright one first; 0: none."""

    def __init__(self, *scores: float) -> None:
        self.scores, self.asked = scores, 0

    def __call__(self, _) -> list[Face]:
        score = self.scores[self.asked % 4]
        self.asked += 1
        face = Face(x=0.0, y=0.0, width=9.0, height=9.0, points=np.zeros((5, 2), np.float32), score=score)
        return [face] if score else []


@pytest.mark.parametrize(
    ("scores", "turn"),
    [
        ((0.93, 0.86, 0.80, 0.0), 0),
        ((0.80, 0.0, 0.93, 0.0), 180),
        ((0.0, 0.93, 0.0, 0.0), 90),
        ((0.0, 0.0, 0.0, SURE), 270),
        ((0.0, 0.0, 0.0, SURE - 0.01), None),
        ((0.90, 0.0, 0.90 + AHEAD + 0.001, 0.0), 180),
        ((0.90, 0.0, 0.90 + AHEAD - 0.001, 0.0), 0),  # nearly alike: as it stands
        ((0.5, 0.0, 0.5, 0.0), None),
        ((0.0, 0.0, 0.0, 0.0), None),
    ],
)
def test_the_surest_position_wins_where_it_is_sure_enough(scores, turn):
    assert best_turn(PICTURE, Detector(*scores)) == turn


def looked(check: OrientationCheck, detector: Detector, looks: int, at: float = 0.0) -> float:
    for _ in range(looks):
        check.look(PICTURE, at, detector)
        at += LOOK_EVERY_S + 0.01
    return at


def test_several_looks_must_agree():
    check, down = OrientationCheck(), Detector(0.0, 0.0, 0.93, 0.0)
    at = looked(check, down, VOTES - 1)
    assert (check.turned, check.doubted) == (0, True)
    looked(check, down, 1, at)
    assert check.turned == 180


def test_an_upright_camera_is_not_looked_at_again():
    check, upright = OrientationCheck(), Detector(0.93, 0.0, 0.0, 0.0)
    looked(check, upright, 20)
    assert upright.asked == 4 * VOTES
    assert (check.turned, check.doubted) == (0, False)


def test_looks_come_in_their_time_and_end():
    check, nobody = OrientationCheck(), Detector(0.0, 0.0, 0.0, 0.0)
    for _ in range(5):
        check.look(PICTURE, 1.0, nobody)
    assert nobody.asked == 4
    looked(check, nobody, 3 * MOST, 2.0)
    assert nobody.asked == 4 * MOST
