"""The form of permit numbers and ID numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from permit.domain.numbers import is_id_number, is_permit_number

GOOD = "44000019900101001X"[:17]  # an unassigned county
WEIGHTS = [2 ** (17 - i) % 11 for i in range(17)]  # the weights of ISO 7064 as powers, not as the table


def with_check_character(digits):
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=True))
    return digits + "0123456789X"[(1 - total) % 11]


@pytest.mark.parametrize(
    "number", ["C00000000", "C12345678", "CA0000001", "CZ9999999", "CH1234567", "CJ1234567"]
)
def test_permit_numbers(number):
    assert is_permit_number(number)


@pytest.mark.parametrize(
    "number",
    [
        "", "C1234567", "C123456789", "CI1234567", "CO1234567", "CAA123456", "c12345678", "H12345678",
        "C1234567A", " C12345678", "C12345678\n", "C１２３４５６７８",
    ],
)  # fmt: skip
def test_what_is_no_permit_number(number):
    assert not is_permit_number(number)


days = st.dates().map(lambda day: f"{day:%Y%m%d}".rjust(8, "0"))
digits = st.builds(
    lambda region, day, order: f"{region:06}{day}{order:03}",
    st.integers(100000, 999999), days, st.integers(0, 999),
)  # fmt: skip


@given(digits)
def test_the_check_character_belongs_to_the_digits(seventeen):
    number = with_check_character(seventeen)
    assert is_id_number(number)
    others = [seventeen + c for c in "0123456789X" if c != number[-1]]
    assert not any(map(is_id_number, others))


@given(digits, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_seen(seventeen, place, by):
    number = with_check_character(seventeen)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not is_id_number(wrong)


@pytest.mark.parametrize("day", ["19900230", "19901301", "00000101", "19900100"])
def test_a_day_that_does_not_exist(day):
    assert not is_id_number(with_check_character(f"440000{day}001"))


@pytest.mark.parametrize(
    "text", ["", GOOD, GOOD + "x", "４４０００００１９９００１０１００１X", GOOD + "X\n"]
)
def test_what_is_no_id_number(text):
    assert not is_id_number(text)
