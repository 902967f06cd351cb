"""Buttons that do opposite things never lie at the same place of two screens that may follow each other."""

import re

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from kiosk.events import Show
from kiosk.model import Stage
from kiosk.visit.transitions import TRANSITIONS
from tests.kiosk.ui.stories import STORIES, play
from tests.kiosk.ui.test_layout import box_in

SIZES = [(1080, 1920), (1920, 1080), (1366, 768), (1280, 720)]
ON = re.compile(
    r"begin|begin_unhurried|other_.*|way_.*|matter_.*|agree.*|i_am_clerk|approve|renew|new_password|confirm"
    r"|cancel_back|help_go_on"
)
"""Buttons that begin something or agree to it."""
AWAY = re.compile(
    r"decline|decline_clerk|decline_guardian|cancel|cancel_confirm|dismiss|refuse|help|back|back_to_case"
    r"|keep|help_leave"
)
"""Buttons that end something, go back, or call somebody."""
QUESTIONABLE = set(Stage) - {Stage.IDLE, Stage.OUT_OF_SERVICE, Stage.CONSENT, Stage.SUBMIT, Stage.OUTCOME}
CHALLENGES = {Stage.DIGITS, Stage.HEAD, Stage.TOUCH}
OVER = {
    "ways": ({Stage.IDLE}, {Stage.IDLE, Stage.CONSENT}),
    "matters": ({Stage.IDLE}, {Stage.IDLE, Stage.CONSENT}),
    "ways_change": (CHALLENGES | {Stage.FACE}, CHALLENGES | {Stage.FACE, Stage.CONSENT, Stage.REVIEW}),
    "cancel": (QUESTIONABLE, QUESTIONABLE),
}
"""Pages over a screen: the stages on which they open, and those that may follow, beside the end."""
LATER = {
    "consent_picture": {"consent_face"},
    "already_open": {"submit", "accepted", "pending"},
    **{name: set() for name in STORIES if name.startswith("review_") and not name.endswith("_wait")},
}
"""Pages that come only after these screens, or after other pages of their own stage."""


def stage_of(story):
    return next(step.stage for step in reversed(STORIES[story]) if isinstance(step, Show))


def may_follow(one, other):
    """Return whether story `other` may come right after story `one`."""
    if one.startswith("help_") and other.startswith("help_"):
        return False  # the same overlay in other words
    if one == "cancel" and other == "abandoned":
        return True
    if one in OVER:
        return other not in OVER and other not in LATER and stage_of(other) in OVER[one][1]
    if other in OVER:
        return stage_of(one) in OVER[other][0]
    before, after = stage_of(one), stage_of(other)
    if other in LATER:
        return one in LATER[other] or (before is after is Stage.REVIEW and one != other)
    if before is Stage.OUTCOME and after is Stage.CONSENT:  # by way of the first screen, which is not seen
        return True
    return (before is after and one != other) or after in TRANSITIONS.get(before, ())


def places(window, story):
    play(window, STORIES[story])
    QTest.qWait(2)  # layouts inside layouts settle in turns
    buttons = [button for button in window.findChildren(QAbstractButton) if button.isVisible()]
    return {button.objectName(): box_in(window, button) for button in buttons}


def acting(one, other, buttons):
    """Return those of `buttons` that may lead from `one` to `other`: help opens where it is asked for."""
    if other.startswith("help_") and not one.startswith("help_"):
        return {name: box for name, box in buttons.items() if name == "help"}
    if one.startswith("help_") and other in OVER:
        return {name: box for name, box in buttons.items() if name == "help_leave" and other == "cancel"}
    return buttons


def opposite(one, other):
    return any(ON.fullmatch(a) and AWAY.fullmatch(b) for a, b in ((one, other), (other, one)))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_opposite_buttons_are_apart(window, size):
    window.resize(*size)
    found = {story: places(window, story) for story in STORIES}
    wrong = {
        f"{one} {a} → {other} {b}"
        for one, before in found.items()
        for other, after in found.items()
        if may_follow(one, other)
        for a, box in acting(one, other, before).items()
        for b, other_box in after.items()
        if opposite(a, b) and box.intersects(other_box)
    }
    assert sorted(wrong) == []


def test_every_button_of_the_pattern_exists(window):
    names = {name for story in STORIES for name in places(window, story)}
    assert any(map(ON.fullmatch, names))
    assert {"cancel", "dismiss", "decline", "back", "help"} <= names
