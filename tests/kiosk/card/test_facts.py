from datetime import date, timedelta

import pytest
from msgspec.structs import asdict, replace

from kiosk.card.facts import facts
from tests.support.made_up_cards import person

TODAY = date(2026, 3, 1)


def seen(**changes):
    return facts(replace(person(), **changes), "resident", TODAY)


def test_a_good_card():
    got = seen()
    assert (got.number_valid, got.birth_agrees, got.kind) == (True, True, "resident")
    assert got.days_valid == (date(2040, 5, 1) - TODAY).days
    assert got.days_since_issue == (TODAY - date(2020, 5, 1)).days


def test_the_last_day_is_a_valid_day_and_the_next_is_not():
    assert seen(valid_to=TODAY).days_valid == 0
    assert seen(valid_to=TODAY - timedelta(days=1)).days_valid == -1


def test_without_end_and_without_beginning_differ():
    assert seen(valid_to=None).days_valid is None
    assert seen(valid_from=None).days_since_issue < 0
    assert seen(valid_from=TODAY).days_since_issue == 0
    assert seen(valid_from=TODAY + timedelta(days=1)).days_since_issue == -1


def test_age_is_completed_years():
    def age(born: date, today: date) -> int:
        return facts(person(born=born), "resident", today).age

    assert age(date(2008, 3, 2), date(2026, 3, 1)) == 17
    assert age(date(2008, 3, 2), date(2026, 3, 2)) == 18
    assert age(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age(date(2008, 2, 29), date(2026, 3, 1)) == 18
    assert age(date(2030, 1, 1), date(2026, 3, 1)) == -4


def test_a_printed_birth_that_is_not_the_numbers_does_not_agree():
    assert not seen(birth=date(1984, 2, 28)).birth_agrees
    assert not seen(birth=None).birth_agrees
    assert seen(birth=None).age == 0


@pytest.mark.parametrize(
    ("number", "formed"),
    [
        (person().number, True),
        (person().number[:-1] + "X", True),  # a wrong check character
        ("990001840229123", True),  # of before 1999
        ("990001198402301237", True),  # 30 February
        ("99000184022912", False),
        ("990001840229123X", False),
        ("99000119840229123x", False),
        ("HELLO", False),
        ("81000019900101001X", False),  # a permit's number on a resident's card
    ],
)
def test_a_number_may_break_the_rules_and_still_look_like_one(number, formed):
    assert seen(number=number).number_formed is formed
    assert seen(number=number).number_valid is (number == person().number)


def test_only_a_residents_card_has_fifteen_digits():
    for kind in "JIY":
        assert not facts(replace(person(kind=kind), number="990001840229123"), kind, TODAY).number_formed
    assert facts(replace(person(kind="I"), number="UTO999978080701"), "I", TODAY).number_formed


def test_a_foreigners_number_is_judged_by_its_own_form():
    card = replace(person(born=date(1978, 8, 7)), number="UTO999978080701", kind="I")
    assert facts(card, "I", TODAY).number_valid
    assert not facts(card, "resident", TODAY).number_valid


def test_facts_name_nobody():
    card = person()
    told = repr(asdict(facts(card, card.kind, TODAY)))
    assert card.number not in told
    assert card.name not in told
