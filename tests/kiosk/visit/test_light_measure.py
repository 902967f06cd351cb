"""The measurement of the light, on faces whose answer is exactly known."""

import math

import pytest

from kiosk.visit.rules import light
from kiosk.visit.rules.light import measure_response

HOLD_S = 0.6
LETTERS = "BAGRBGARGBRA"
TIMES = [10.0 + HOLD_S * i for i in range(len(LETTERS))]
SHOWN = list(zip(TIMES, LETTERS, strict=True))
COLOURS = {
    "B": (0.150, 0.555, 1.000),
    "A": (1.000, 0.395, 0.050),
    "G": (0.120, 0.655, 0.100),
    "R": (1.000, 0.310, 0.920),
}
"""Typed once more from resources/protocol/README.md: linear red, green, blue."""


def samples(gain=0.2, delay_s=0.0, letters=LETTERS, times=TIMES, left_out=(), step_s=0.05):
    """Return what a face throws back that answers with `gain`, `delay_s` late, without any noise."""
    found = []
    for i in range(int(HOLD_S * len(times) / step_s) + 4):
        at = 10.0 + i * step_s
        place = math.floor((at - delay_s - 10.0) / HOLD_S + 1e-9)
        if not 0 <= place < len(letters) or place in left_out:
            continue
        red, green, blue = COLOURS[letters[place]]
        found.append((at, (gain * (red - green), gain * (blue - green))))
    return found


def test_the_colours_are_the_protocols():
    assert light.LINEAR == COLOURS
    assert light.LETTERS == "BAGR"


@pytest.mark.parametrize("gain", [0.01, 0.2, 1.0])
def test_an_exact_answer_is_measured_exactly(gain):
    found = measure_response(SHOWN, samples(gain))
    assert found.gain == pytest.approx(gain)
    assert found.fit == pytest.approx(1.0)
    assert found.error == pytest.approx(0.0, abs=1e-8)
    assert found.beaten == 1.0
    assert found.steps == len(LETTERS) - 1


def test_an_answer_of_the_opposite_colours_is_a_negative_gain():
    """Of all delays the one counts that fits best, and even there it is none."""
    found = measure_response(SHOWN, samples(-0.2))
    assert found.gain < 0.0
    assert found.fit < 0.0
    assert found.beaten < 0.5


def test_a_constant_that_is_added_changes_nothing():
    """The shop's own light, and any drift that is slower than the steps."""
    shifted = [(at, (red + 0.7, blue - 0.4)) for at, (red, blue) in samples()]
    found = measure_response(SHOWN, shifted)
    assert (found.gain, found.fit) == (pytest.approx(0.2), pytest.approx(1.0))


@pytest.mark.parametrize("delay_s", [0.1, 0.2, 0.25])
def test_a_picture_that_comes_late_is_still_measured(delay_s):
    """Up to a quarter of a second: screen, exposure, readout and USB together."""
    found = measure_response(SHOWN, samples(delay_s=delay_s, step_s=0.025))
    assert (found.gain, found.fit) == (pytest.approx(0.2), pytest.approx(1.0))


def test_an_answer_that_is_later_than_any_picture_is_not_taken_for_one():
    found = measure_response(SHOWN, samples(delay_s=2 * HOLD_S))
    assert found.fit < 0.5
    assert found.beaten < 1.0


def test_the_colour_is_looked_at_while_it_stands_still():
    """In the first fifth of a second one colour flows into the next: what is measured then does not count."""
    clean = samples(step_s=0.025)
    spoilt = [
        (at, (9.0, -9.0)) if (at - 10.0) % HOLD_S < 0.19 and (at - 10.0) % HOLD_S > 0.001 else (at, pair)
        for at, pair in clean
    ]
    assert measure_response(SHOWN, clean).fit == pytest.approx(1.0)
    assert measure_response(SHOWN, spoilt).fit == pytest.approx(1.0, abs=0.05)


def test_a_colour_that_nobody_saw_takes_two_changes_away():
    found = measure_response(SHOWN, samples(left_out=(5,)))
    assert found.steps == len(LETTERS) - 1 - 2
    assert found.gain == pytest.approx(0.2)
    assert measure_response(SHOWN, samples(left_out=(0,))).steps == len(LETTERS) - 1 - 1


@pytest.mark.parametrize(("count", "known"), [(5, True), (4, True), (3, False), (1, False), (0, False)])
def test_fewer_than_three_changes_tell_nothing(count, known):
    found = measure_response(SHOWN[:count], samples(letters=LETTERS[:count], times=TIMES[:count] or [10.0]))
    assert (found is not None) is known


def test_one_wild_change_does_not_decide():
    """A lamp is switched on: the change is cut to twice the usual length, whatever was shown."""
    lamp = [(at, (r + 5.0, b - 5.0) if at > 12.95 else (r, b)) for at, (r, b) in samples()]
    found = measure_response(SHOWN, lamp)
    assert found.fit > 0.7
    assert found.gain == pytest.approx(0.2, abs=0.06)


def test_a_face_that_answers_to_another_sequence_does_not_beat_the_others():
    found = measure_response(SHOWN, samples(letters="RGBAGRABGRAB"))
    assert found.beaten < 1.0
    assert found.fit < 0.6


def test_the_error_grows_with_what_does_not_fit():
    wavy = [(at, (r + 0.03 * math.sin(at * 7), b - 0.03 * math.sin(at * 5))) for at, (r, b) in samples()]
    noisy = measure_response(SHOWN, wavy)
    assert 0.0 < noisy.error < 0.05
    assert noisy.fit < 1.0
    double = measure_response(SHOWN, [(at, (r + 0.06 * math.sin(at * 7), b - 0.06 * math.sin(at * 5)))
                                      for at, (r, b) in samples()])  # fmt: skip
    assert double.error == pytest.approx(2 * noisy.error, rel=0.3)
