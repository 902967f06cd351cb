"""Which colours a challenge orders, for how long, and when they were painted."""

import pytest

from kiosk import events as e
from kiosk.visit.shown_light import ShownLight
from tests.kiosk.visit.test_light import CHALLENGE, own

HOLD_S = 0.6


@pytest.mark.parametrize(("longest_s", "count"), [(0.5, 1), (0.61, 2), (7.5, 13)])
def test_there_are_colours_for_the_longest_time(longest_s, count):
    order = ShownLight(CHALLENGE, HOLD_S).order(longest_s)
    assert order == e.ShowLight(own()[:count], HOLD_S)


def test_only_the_next_colour_is_noted_and_only_later_than_the_one_before():
    shown = ShownLight(CHALLENGE, HOLD_S)
    for step, at in ((1, 9.0), (0, 10.0), (0, 10.1), (2, 10.7), (1, 10.0), (1, 9.0), (1, 10.6), (2, 11.2)):
        shown.painted(e.LightShown(step, at))
    assert shown.times == [10.0, 10.6, 11.2]
