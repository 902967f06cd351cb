"""One hint at a time, first shown, then spoken; the visit only hears of frames."""

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.visit.stages.face import SPOKEN
from kiosk.visit.stages.face_watch import SAY_EVERY_S
from tests.support.visit_driver import VisitDriver


def told(drive: VisitDriver, code: Code, seconds: float) -> list[e.Order]:
    """So many seconds of frames with this hint; what was ordered."""
    count = round(seconds / 0.07)
    return [order for _ in range(count) for order in drive.see(hint=code, good=False, frames_good=0)]


def said(orders: list[e.Order]) -> list[str]:
    return [order.prompt for order in orders if isinstance(order, e.Say)]


def shown(orders: list[e.Order]) -> list[Code]:
    return [order.code for order in orders if isinstance(order, e.Coach)]


def test_a_hint_is_shown_once_and_after_the_first_words_spoken():
    drive = VisitDriver().to_face()
    orders = told(drive, Code.FACE_TOO_FAR, 5.0)
    assert shown(orders) == [Code.FACE_TOO_FAR]
    assert said(orders) == ["hint_too_far"]


def test_who_follows_soon_is_not_spoken_to():
    drive = VisitDriver().to_face()
    told(drive, Code.OK, 4.0)
    orders = told(drive, Code.FACE_TOO_FAR, 0.8) + told(drive, Code.OK, 3.0)
    assert shown(orders) == [Code.FACE_TOO_FAR, Code.OK]
    assert said(orders) == []


def test_the_first_prompt_is_not_cut():
    assert said(told(VisitDriver().to_face(), Code.FACE_BACKLIT, 3.0)) == []


def test_a_hint_that_stays_is_repeated_with_pauses():
    drive = VisitDriver().to_face()
    told(drive, Code.OK, 4.0)
    assert len(said(told(drive, Code.FACE_COVERED, 2 * SAY_EVERY_S + 2.0))) == 3


def test_two_hints_in_turn_are_neither_shown_nor_spoken():
    """Just at a limit, as if there were no slack."""
    drive = VisitDriver().to_face()
    told(drive, Code.OK, 4.0)
    orders = [
        o for _ in range(40) for c in (Code.FACE_TOO_FAR, Code.FACE_BLURRED) for o in told(drive, c, 0.07)
    ]
    assert (shown(orders), said(orders)) == ([], [])


@pytest.mark.parametrize("code", sorted(SPOKEN))
def test_every_hint_has_its_prompt(code):
    drive = VisitDriver().to_face()
    told(drive, Code.OK, 4.0)
    assert said(told(drive, code, 2.0)) == ["hint_" + code.value.removeprefix("face.")]


def test_a_failing_engine_is_shown_and_not_spoken():
    drive = VisitDriver().to_face()
    told(drive, Code.OK, 4.0)
    orders = told(drive, Code.FACE_ENGINE_FAILED, 3.0)
    assert (shown(orders), said(orders)) == ([Code.FACE_ENGINE_FAILED], [])
