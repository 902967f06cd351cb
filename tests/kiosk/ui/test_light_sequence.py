"""The light challenge: reported when painted, never too fast, readable, and off for a person who declines."""

import time
from itertools import pairwise

from PySide6.QtTest import QTest

from kiosk.events import LightDeclined, LightShown, Show, ShowDigit, ShowLight
from kiosk.model import Stage
from kiosk.ui.theme import colour
from kiosk.ui.widgets.light_sequence import to_srgb
from kiosk.visit.rules.light import LINEAR
from tests.kiosk.ui.rested import RestedDriver


def shown(window, colours="BAGRB", hold_s=0.4):
    window.resize(1080, 1920)
    window.show()
    window.handle_notice(Show(stage=Stage.DIGITS, tries_left=3, until=time.monotonic() + 30))
    window.handle_notice(ShowLight(colours, hold_s))
    window.handle_notice(ShowDigit(0, 6, 8))


def posted(engine, kind):
    return [event for event in engine.posted if isinstance(event, kind)]


def test_each_colour_is_stamped_once_in_order_and_not_too_fast(window, engine):
    shown(window)
    QTest.qWait(2600)
    found = posted(engine, LightShown)
    assert [event.step for event in found] == [0, 1, 2, 3, 4]
    gaps = [b.at - a.at for a, b in pairwise(found)]
    assert min(gaps) >= 1 / 3 - 0.02


def test_the_ground_has_the_colour(window, engine, qtbot):
    shown(window, "B")
    screen = window.screens[Stage.DIGITS]
    blue = [round(to_srgb(x), 1) for x in LINEAR["B"]]

    def parts(colour):
        return [round(c, 1) for c in (colour.redF(), colour.greenF(), colour.blueF())]

    # Without painting in the condition: on a busy machine that leaves the timer of the light no time.
    qtbot.waitUntil(lambda: parts(screen._light.ground) == blue, timeout=20_000)
    assert parts(screen.grab().toImage().pixelColor(4, screen.height() // 2)) == blue


def test_ink_is_readable_on_every_colour():
    """WCAG 2.2, 1.4.6: 7 : 1."""
    ink = colour("ink")
    dark = 0.2126 * lin(ink.redF()) + 0.7152 * lin(ink.greenF()) + 0.0722 * lin(ink.blueF())
    for red, green, blue in LINEAR.values():
        ground = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert (ground + 0.05) / (dark + 0.05) >= 7


def lin(code):
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4


def test_declining_the_light_keeps_the_screen_steady(window, engine):
    shown(window)
    QTest.qWait(100)
    assert RestedDriver(window).press("light_off")
    assert posted(engine, LightDeclined)
    before = len(posted(engine, LightShown))
    QTest.qWait(900)
    assert len(posted(engine, LightShown)) == before
    assert not RestedDriver(window).press("light_off")


def test_another_stage_stops_the_light(window, engine):
    shown(window)
    window.handle_notice(Show(stage=Stage.IDLE))
    before = len(posted(engine, LightShown))
    QTest.qWait(600)
    assert len(posted(engine, LightShown)) == before
