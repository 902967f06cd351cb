from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.card import number
from tests.support.made_up_cards import numbers


def test_the_example_of_the_standard():
    assert number.check_character("11010519491231002") == "X"
    assert number.valid("11010519491231002X")


@given(numbers)
def test_every_made_up_number_is_valid(good):
    assert number.valid(good)


@given(numbers)
def test_every_single_wrong_digit_is_caught(good):
    for i, right in enumerate(good):
        for wrong in "0123456789X" if i == 17 else "0123456789":
            if wrong != right:
                assert not number.valid(good[:i] + wrong + good[i + 1 :])


@given(numbers)
def test_every_swap_of_neighbours_is_caught(good):
    for i in range(17):
        swapped = good[:i] + good[i + 1] + good[i] + good[i + 2 :]
        assert swapped == good or not number.valid(swapped)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "11010519491231002x",  # the standard's X is a capital
        "1101051949123100",
        "11010519491231002X ",
        "110105194912310０2X",  # a full-width digit is a digit to str.isdigit
        "１１０１０５１９４９１２３１００２X",
    ],
)
def test_other_forms_are_refused(bad):
    assert not number.valid(bad)


def test_a_right_check_character_does_not_excuse_an_impossible_birth():
    digits = "99000120230229001"
    assert not number.valid(digits + number.check_character(digits))


@given(st.text(max_size=20))
def test_nothing_crashes(text):
    assert number.valid(text) in (True, False)
    number.birth(text)


def test_birth():
    assert number.birth("11010519491231002X") == date(1949, 12, 31)


def test_the_foreigners_number_of_2017_holds_the_birth():
    assert number.valid_foreigner("UTO999978080701", date(1978, 8, 7))
    assert not number.valid_foreigner("UTO999978080701", date(1978, 8, 8))
    assert not number.valid_foreigner("UTO999978080701", None)
    assert not number.valid_foreigner("UT0999978080701", date(1978, 8, 7))


PERMIT = "81000019900101001"
FOREIGN = "99915619900101001"


def whole(digits: str) -> str:
    return digits + number.check_character(digits)


@pytest.mark.parametrize(
    ("kind", "digits", "fits"),
    [
        ("resident", "99000119900101001", True),
        ("resident", PERMIT, False),
        ("J", PERMIT, True),
        ("J", "82000019900101001", True),
        ("J", "83000019900101001", True),
        ("J", "84000019900101001", False),
        ("J", "99000119900101001", False),
        ("Y", FOREIGN, True),
        ("Y", PERMIT, False),
        ("Q", "99000119900101001", False),
    ],
)
def test_each_kind_of_card_carries_its_own_numbers(kind, digits, fits):
    assert number.valid_as(kind, whole(digits), date(1990, 1, 1)) == fits
    assert not number.valid_as(kind, digits + "Q", date(1990, 1, 1))


def test_the_letters_of_2017_are_taken_on_that_card_only():
    born = date(1978, 8, 7)
    assert number.valid_as("I", "UTO999978080701", born)
    assert not number.valid_as("Y", "UTO999978080701", born)
    assert not number.valid_as("I", whole(FOREIGN), born)
