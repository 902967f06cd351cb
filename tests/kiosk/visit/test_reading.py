"""One reading of a challenge, event by event: which windows open, until when, what is an answer."""

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, DigitHeard
from kiosk.visit.reading import LISTENER_PATIENCE_S, SCREEN_PATIENCE_S, Reading
from tests.support.visit_driver import LIMITS, changed

CHALLENGE = Challenge(id="c1", digits=(3, 1, 4, 1), gaps_s=(1.0, 1.2, 0.9, 1.4), expires_unix=2e9)
PACED = changed(
    LIMITS,
    digits={"first_s": 0.5, "wait_s": 1.2, "last_s": 2.0, "late_s": 0.6, "max_silent": 3},
    pace={"factor": 1.0, "unhurried_factor": 1.6},
    light={"hold_s": 0.6},
)


def reading(unhurried: bool = False, shown: int = 0) -> Reading:
    """Return a reading of which `shown` digits were painted, two seconds apart from 10 s on."""
    made = Reading(CHALLENGE, PACED, unhurried)
    for window in range(shown):
        made.next_digit()
        assert made.painted(e.DigitShown(window, 10.0 + 2.0 * window)) is not None
    return made


def voice(window: int, began: float | None, at: float = 100.0) -> DigitHeard:
    return DigitHeard(at=at, window=window, began=began, ended=None if began is None else began + 0.3)


def test_digits_are_ordered_one_by_one_and_then_none():
    made = reading()
    orders = [made.next_digit() for _ in range(5)]
    assert orders == [
        e.ShowDigit(0, 4, 3),
        e.ShowDigit(1, 4, 1),
        e.ShowDigit(2, 4, 4),
        e.ShowDigit(3, 4, 1),
        None,
    ]


def test_a_window_opens_when_the_ordered_digit_was_painted():
    made = reading()
    assert made.painted(e.DigitShown(0, 10.0)) is None  # nobody ordered it
    made.next_digit()
    assert made.awaiting_screen
    assert made.painted(e.DigitShown(1, 10.0)) is None  # another one
    opened = made.painted(e.DigitShown(0, 10.0))
    assert opened is not None
    assert (opened.window, opened.at, opened.closes) == (0, 10.0, pytest.approx(12.8))
    assert not made.awaiting_screen
    assert made.painted(e.DigitShown(0, 10.1)) is None  # twice


@pytest.mark.parametrize(("at", "opened"), [(9.9, False), (10.0, False), (10.1, True)])
def test_a_digit_is_painted_after_the_one_before(at, opened):
    made = reading(shown=1)
    made.next_digit()
    assert (made.painted(e.DigitShown(1, at)) is not None) is opened


@pytest.mark.parametrize(
    ("window", "unhurried", "stays"),
    [(0, False, 2.8), (1, False, 3.0), (0, True, 3.4), (3, False, 2.6), (3, True, 3.44)],
)
def test_how_long_a_window_stays_open(window, unhurried, stays):
    """Its gap, the wait for a late voice, and the tolerance; the last one has no next digit."""
    assert reading(unhurried, shown=4).closes(window) == pytest.approx(10.0 + 2.0 * window + stays)


def test_the_last_window_stays_open_for_its_own_time_at_least():
    patient = changed(PACED, digits={"last_s": 9.0})
    made = Reading(CHALLENGE, patient, unhurried=False)
    for window in range(4):
        made.next_digit()
        made.painted(e.DigitShown(window, 10.0 + 2.0 * window))
    assert made.closes(3) == pytest.approx(16.0 + 9.0)
    assert made.closes(2) == pytest.approx(14.0 + 0.9 + 1.2 + 0.6)


def test_when_the_reading_must_go_on():
    made = reading(shown=2)
    assert made.deadline() == pytest.approx(12.0 + 1.2 + 1.2)  # still waits for a voice
    made.answered(voice(1, 12.4))
    assert made.deadline() == pytest.approx(12.0 + 1.2)
    full = reading(shown=4)
    assert full.deadline() == pytest.approx(full.closes(3) + LISTENER_PATIENCE_S)


@pytest.mark.parametrize(("unhurried", "longest_s"), [(False, 14.2), (True, 16.9)])
def test_the_longest_time_that_a_reading_can_take(unhurried, longest_s):
    """Gaps of 4.5 s in all, four times 1.2 + 0.6 s of waiting, and 0.5 s before and 2 s behind it."""
    assert reading(unhurried).longest_s() == pytest.approx(longest_s)


def test_patience_with_screen_and_listener():
    """Named in the module: a screen has two seconds, the listener one and a half behind the last window."""
    assert (SCREEN_PATIENCE_S, LISTENER_PATIENCE_S) == (2.0, 1.5)


@pytest.mark.parametrize(
    ("heard", "taken"),
    [
        (voice(0, 10.4), True),
        (voice(1, 12.4), True),
        (voice(2, 12.4), False),  # not shown yet
        (voice(1, 11.9, at=11.99), False),  # about an earlier challenge
        (voice(1, 12.0, at=12.0), True),
    ],
)
def test_what_is_taken_as_an_answer(heard, taken):
    made = reading(shown=2)
    assert made.answered(heard) is taken
    assert made.answers() == ([heard] if taken else [])


@pytest.mark.parametrize(
    ("first", "second", "replaced"),
    [(10.4, 10.5, True), (10.4, 10.4, False), (10.4, 10.3, False), (None, 10.5, False), (10.4, None, False)],
)
def test_only_a_later_voice_replaces_an_answer(first, second, replaced):
    made = reading(shown=1)
    made.answered(voice(0, first))
    assert made.answered(voice(0, second)) is replaced
    assert made.heard[0].began == (second if replaced else first)


def test_three_silent_windows_are_silence_and_two_are_not():
    made = reading(shown=4)
    for window, silent in enumerate([False, False, True]):
        made.answered(voice(window, None))
        assert made.is_silent() is silent
    spoken = reading(shown=4)
    for window in range(3):
        spoken.answered(voice(window, 12.4 if window == 1 else None))
    assert not spoken.is_silent()
    failed = reading(shown=4)
    for window in range(3):
        fault = Code.SPEECH_ENGINE_FAILED if window == 2 else None
        failed.answered(DigitHeard(at=100.0, window=window, fault=fault))
    assert not failed.is_silent()


def test_a_window_without_an_answer_is_the_terminals_fault_unless_nobody_spoke():
    made = reading(shown=4)
    made.answered(voice(1, 12.4))
    assert [h.fault for h in made.in_order()] == [Code.SPEECH_ENGINE_FAILED, None] + [
        Code.SPEECH_ENGINE_FAILED
    ] * 2
    silent = reading(shown=4)
    for window in range(3):
        silent.answered(voice(window, None))
    assert [h.fault for h in silent.in_order()] == [None] * 4


def test_it_is_complete_when_every_window_has_an_answer():
    made = reading(shown=4)
    for window in range(4):
        assert not made.complete()
        made.answered(voice(window, 10.4 + 2.0 * window))
    assert made.complete()


def test_its_span_is_from_the_first_digit_to_the_last_voice():
    made = reading(shown=4)
    assert made.span() == (10.0, 16.0)
    made.answered(voice(3, 16.4))
    assert made.span() == (10.0, 16.7)
    made.answered(voice(2, 14.4))
    assert made.span() == (10.0, 16.7)
