"""What has just been shown takes no touch: neither a second quick tap nor a finger that was down before."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from kiosk.events import Began, Cancelled, Print, Show
from kiosk.model import Outcome, Stage
from kiosk.ui.touch_driver import TouchDriver
from tests.kiosk.ui.rested import RestedDriver
from tests.kiosk.ui.stories import PASSWORD, PHONE, STORIES, outcome, play, show, slip

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def hasty(window):
    """Return a driver that waits for nothing."""
    return TouchDriver(window)


@pytest.fixture
def driver(window):
    return RestedDriver(window)


def shown_buttons(window):
    return [button for button in window.findChildren(QAbstractButton) if button.isVisible()]


def middle(window, button):
    return button.mapTo(window, button.rect().center())


@pytest.mark.parametrize("story", list(STORIES))
def test_no_button_of_a_new_screen_takes_a_touch(window, hasty, engine, story):
    play(window, STORIES[story])
    window.touch_rest.end()
    window.handle_notice(next(step for step in reversed(STORIES[story]) if isinstance(step, Show)))
    before = len(engine.posted)
    for button in shown_buttons(window):
        assert not hasty.press(button.objectName()), button.objectName()
        QTest.mouseClick(button, LEFT)
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert len(engine.posted) == before


PAGES = {
    "ways": (Show(stage=Stage.IDLE), ["other_way"], "way_voice"),
    "back from ways": (Show(stage=Stage.IDLE), ["other_way", "back"], "begin"),
    "second question": (show(Stage.CONSENT), ["agree"], "agree_picture"),
    "cancel": (show(Stage.PHONE), ["cancel"], "cancel_confirm"),
    "back from cancel": (show(Stage.PHONE), ["cancel", "cancel_back"], "cancel"),
    "sign": (show(Stage.REVIEW), ["i_am_clerk"], "key_1"),
    "password": (show(Stage.PHONE), [*(f"key_{digit}" for digit in PHONE), "key_next"], "key_next"),
    "repetition": (
        show(Stage.PHONE),
        [*(f"key_{d}" for d in PHONE), "key_next", *(f"key_{d}" for d in PASSWORD), "key_next"],
        "key_delete",
    ),
}


@pytest.mark.parametrize("page", list(PAGES))
def test_no_button_of_a_new_page_takes_a_touch(window, driver, hasty, page):
    screen, touches, first = PAGES[page]
    window.handle_notice(screen)
    for name in touches:
        assert driver.press(name)
    assert not hasty.press(first)
    assert driver.press(first)


def test_a_result_that_replaces_the_first_rests_too(window, hasty):
    for notice in outcome(Outcome.ACCEPTED):
        window.handle_notice(notice)
    window.touch_rest.end()
    window.handle_notice(Print(slip(Outcome.ACTIVATED)))
    assert not hasty.press("dismiss")


@pytest.mark.parametrize("taps", [2, 3, 5])
@pytest.mark.parametrize("name", ["begin", "begin_unhurried", "other_way"])
def test_quick_taps_on_the_first_screen_begin_one_visit_at_most(window, engine, name, taps):
    """Taps at one place, through the window as the screen's driver sends them; the engine answers each."""
    window.handle_notice(Show(stage=Stage.IDLE))
    window.touch_rest.end()
    at = middle(window, window.findChild(QAbstractButton, name))
    for _ in range(taps):
        QTest.mouseClick(window.windowHandle(), LEFT, Qt.KeyboardModifier.NoModifier, at)
        if window.stage is Stage.IDLE and engine.posted:
            window.handle_notice(show(Stage.CONSENT))
    assert [type(event) for event in engine.posted] == ([] if name == "other_way" else [Began])


def test_a_finger_put_down_on_the_screen_before_is_not_lifted_on_the_next(window, engine):
    window.handle_notice(show(Stage.CONSENT))
    window.touch_rest.end()
    cancel = window.findChild(QAbstractButton, "cancel")
    at, handle, none = middle(window, cancel), window.windowHandle(), Qt.KeyboardModifier.NoModifier
    QTest.mousePress(handle, LEFT, none, at)
    assert cancel.isDown()
    window.handle_notice(show(Stage.CARD))
    assert not cancel.isDown()
    window.touch_rest.end()
    QTest.mouseMove(handle, at + QPoint(2, 0))
    QTest.mouseRelease(handle, LEFT, none, at)
    assert engine.posted == []
    QTest.mouseClick(handle, LEFT, none, at)
    assert engine.posted == [Cancelled()]


def test_a_finger_put_down_in_the_rest_and_lifted_after_it_does_nothing(window, engine):
    window.handle_notice(show(Stage.CONSENT))
    at = middle(window, window.findChild(QAbstractButton, "decline"))
    handle, none = window.windowHandle(), Qt.KeyboardModifier.NoModifier
    QTest.mousePress(handle, LEFT, none, at)
    window.touch_rest._timer.timeout.emit()
    window.touch_rest._timer.stop()
    QTest.mouseRelease(handle, LEFT, none, at)
    assert engine.posted == []


def test_the_rest_ends_by_itself_and_says_so(qtbot, window, hasty):
    with qtbot.waitSignal(window.touch_rest.rested, timeout=60_000):
        window.handle_notice(Show(stage=Stage.IDLE))
        assert window.touch_rest.resting
    assert hasty.press("begin")


def test_nothing_looks_different_in_the_rest(window):
    window.handle_notice(Show(stage=Stage.IDLE))
    begin = window.findChild(QAbstractButton, "begin")
    resting = begin.grab().toImage()
    window.touch_rest.end()
    assert begin.grab().toImage() == resting
    assert begin.isEnabled()


def test_a_language_may_be_chosen_without_a_rest(window, hasty):
    window.handle_notice(Show(stage=Stage.IDLE))
    window.touch_rest.end()
    assert hasty.press("language_en")
    assert hasty.press("begin")
