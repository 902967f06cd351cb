"""Why a reading failed, in the words that help most; none of it lets a digit count."""

import pytest
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.model import Challenge, DigitHeard
from kiosk.visit.rules.reading_faults import main_reason, refined
from tests.support.visit_driver import scores

DIGITS = (3, 1, 4, 7, 5, 9)
CHALLENGE = Challenge(id="c", digits=DIGITS, gaps_s=(1.0,) * 6, expires_unix=0.0)
WRONG, MISSING, LATE, NOISY = (
    Code.SPEECH_WRONG_DIGITS,
    Code.SPEECH_MISSING_DIGITS,
    Code.SPEECH_TOO_LATE,
    Code.SPEECH_NOISY,
)


def heard(**changes: DigitHeard) -> list[DigitHeard]:
    """Return six right digits at 200 Hz, but for `_<place>`."""
    usual = [
        DigitHeard(at=0.0, window=i, scores=scores(d), began=1.0, pitch_hz=200.0)
        for i, d in enumerate(DIGITS)
    ]
    return [changes.get(f"_{i}", one) for i, one in enumerate(usual)]


def said(window: int, digit: int, **more) -> DigitHeard:
    usual = {"began": 1.0, "pitch_hz": 200.0}
    return DigitHeard(at=0.0, window=window, scores=scores(digit), **usual | more)


@pytest.mark.parametrize(
    ("before", "digit", "becomes"),
    [
        (MISSING, 1, LATE),  # the answer to the digit before, which was not heard in its own time
        (None, 1, WRONG),  # that one was right
        (MISSING, 3, WRONG),  # the answer to the digit before that
        (MISSING, 8, WRONG),
    ],
)
def test_an_answer_to_the_digit_before_came_too_late(before, digit, becomes):
    faults = [None, before, WRONG, None, None, None]
    found = refined(faults, CHALLENGE, heard(_2=said(2, digit)))
    assert found == [None, before, becomes, None, None, None]


def test_the_first_digit_has_none_before_it():
    found = refined([WRONG, *[None] * 5], CHALLENGE, heard(_0=said(0, DIGITS[-1])))
    assert found[0] is WRONG


@pytest.mark.parametrize(
    ("pitch_hz", "code"),
    [
        (200.0, WRONG),
        (330.0, WRONG),  # 8.7 semitones above: the same person may be
        (340.0, Code.SPEECH_SECOND_VOICE),  # 9.2
        (120.0, WRONG),  # 8.8 below
        (118.0, Code.SPEECH_SECOND_VOICE),  # 9.1
        (None, WRONG),
    ],
)
def test_another_voice_is_known_by_its_pitch(pitch_hz, code):
    faults = [None, None, None, None, None, WRONG]
    assert refined(faults, CHALLENGE, heard(_5=said(5, 8, pitch_hz=pitch_hz)))[5] is code


def test_fewer_than_three_right_digits_tell_no_pitch():
    faults = [None, None, WRONG, WRONG, WRONG, WRONG]
    other = said(5, 8, pitch_hz=500.0)
    assert refined(faults, CHALLENGE, heard(_5=other))[5] is WRONG
    assert (
        refined([None, *faults[:2], *faults[3:]], CHALLENGE, heard(_5=other))[5] is Code.SPEECH_SECOND_VOICE
    )


@pytest.mark.parametrize(("floor", "code"), [(-34.9, NOISY), (-35.0, MISSING), (None, MISSING)])
def test_in_a_loud_shop_a_digit_that_is_missing_was_drowned(floor, code):
    silent = replace(said(3, 7), began=None, floor_dbfs=floor)
    assert refined([None, None, None, MISSING, None, None], CHALLENGE, heard(_3=silent))[3] is code


def test_a_window_without_any_report_is_missing():
    assert refined([MISSING] * 6, CHALLENGE, heard()[:3])[3:] == [MISSING] * 3


@pytest.mark.parametrize(
    ("faults", "nothing_heard", "code"),
    [
        ([], False, MISSING),
        ([WRONG, WRONG, MISSING], False, WRONG),
        ([WRONG, MISSING], False, WRONG),  # as often: what was wrong before what is missing
        ([WRONG, LATE], False, LATE),  # as often: what can be done about it
        ([WRONG, LATE, WRONG], False, WRONG),
        ([WRONG] * 5 + [Code.SPEECH_AUDIO_LOST], False, Code.SPEECH_AUDIO_LOST),  # the terminal's fault
        ([Code.SPEECH_AUDIO_LOST, Code.SPEECH_ENGINE_FAILED], False, Code.SPEECH_ENGINE_FAILED),
        ([MISSING] * 6, True, Code.SPEECH_SILENCE),
        ([MISSING] * 3 + [NOISY] * 3, True, Code.SPEECH_SILENCE),
        ([MISSING] * 2 + [NOISY] * 4, True, NOISY),
        ([Code.SPEECH_ENGINE_FAILED] * 6, True, Code.SPEECH_ENGINE_FAILED),
    ],
)
def test_the_one_reason_that_is_shown(faults, nothing_heard, code):
    assert main_reason(faults, nothing_heard) is code


HELPFUL = ["too_quiet", "clipped", "noisy", "too_late", "too_early", "second_voice", "extra", "unknown",
           "wrong_digits", "missing_digits"]  # fmt: skip
"""Of reasons that came equally often the earlier one is shown."""


@pytest.mark.parametrize(
    ("shown", "other"), [(a, b) for i, a in enumerate(HELPFUL) for b in HELPFUL[i + 1 :]]
)
def test_what_helps_comes_first(shown, other):
    first, second = Code(f"speech.{shown}"), Code(f"speech.{other}")
    assert main_reason([second, first], nothing_heard=False) is first
    assert main_reason([first, second], nothing_heard=False) is first
