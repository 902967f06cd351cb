"""What remains of an endorsement, by any crossings."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from permit.domain.dates import add_months
from permit.domain.endorsements import (
    TERMS,
    Counted,
    Crossing,
    Dead,
    DeadReason,
    Endorsement,
    Purpose,
    Region,
    Unlimited,
    Weekly,
    remaining,
)

START = date(2026, 1, 5)  # a Monday
near = st.integers(-30, 500).map(lambda days: START + timedelta(days=days))
crossings = st.lists(st.builds(Crossing, st.sampled_from(Region), near, st.booleans()), max_size=12)
counts = st.one_of(st.integers(1, 5), st.sampled_from(["unlimited", "weekly"]))
endorsements = st.builds(
    lambda region, months, entries, void: Endorsement(
        id="e", region=region, purpose=Purpose.INDIVIDUAL, issued=START, expires=add_months(START, months),
        entries=entries, stay_days=7, void=void,
    ),
    st.sampled_from(Region), st.sampled_from([3, 12]), counts, st.booleans(),
)  # fmt: skip


def made(entries, **more):
    given_fields = {"expires": add_months(START, 12), "void": False} | more
    return Endorsement(
        id="e", region=Region.MACAO, purpose=Purpose.INDIVIDUAL, issued=START, entries=entries, stay_days=7,
        **given_fields,
    )  # fmt: skip


def out(days, region=Region.MACAO):
    return Crossing(region, START + timedelta(days=days), outward=True)


def back(days):
    return Crossing(Region.MACAO, START + timedelta(days=days), outward=False)


@given(endorsements, crossings, near)
def test_every_answer_is_one_of_four_and_follows_the_terms(endorsement, crossed, today):
    left = remaining(endorsement, crossed, today)
    valid = not endorsement.void and endorsement.issued <= today <= endorsement.expires
    if not valid:
        assert isinstance(left, Dead)
        assert left.reason is not DeadReason.USED_UP
    elif endorsement.entries == "unlimited":
        assert left == Unlimited()
    elif endorsement.entries == "weekly":
        assert isinstance(left, Weekly)
    else:
        assert left == Dead(DeadReason.USED_UP) or 1 <= left.left <= endorsement.entries


@given(st.integers(1, 5), crossings, near)
def test_one_journey_more_leaves_one_entry_less(entries, crossed, today):
    endorsement = made(entries)
    before = remaining(endorsement, crossed, today)
    after = remaining(endorsement, [*crossed, Crossing(Region.MACAO, today, outward=True)], today)
    if isinstance(before, Counted):
        assert after == (Counted(before.left - 1) if before.left > 1 else Dead(DeadReason.USED_UP))
    else:
        assert after == before


@given(counts, crossings, near)
def test_ways_back_other_regions_and_later_days_use_nothing(entries, crossed, today):
    endorsement = made(entries)
    later = Crossing(Region.MACAO, today + timedelta(days=1), outward=True)
    more = [Crossing(Region.MACAO, today, outward=False), out(0, Region.HONG_KONG), later]
    assert remaining(endorsement, [*crossed, *more], today) == remaining(endorsement, crossed, today)


@given(endorsements, crossings, near, st.randoms())
def test_the_order_of_crossings_does_not_matter(endorsement, crossed, today, random):
    shuffled = list(crossed)
    random.shuffle(shuffled)
    assert remaining(endorsement, shuffled, today) == remaining(endorsement, crossed, today)


def test_out_and_back_are_one_entry():
    assert remaining(made(2), [out(1), back(3)], START + timedelta(days=4)) == Counted(1)
    assert remaining(made(2), [out(1), back(3), out(9)], START + timedelta(days=9)) == Dead(
        DeadReason.USED_UP
    )


def test_a_week_ends_on_sunday():
    weekly = made("weekly")
    sunday = START + timedelta(days=6)
    assert remaining(weekly, [out(0)], sunday) == Weekly(used=True)
    assert remaining(weekly, [out(0)], sunday + timedelta(days=1)) == Weekly(used=False)


def test_weeks_of_another_year_with_the_same_number_are_other_weeks():
    weekly = made("weekly", expires=add_months(START, 24))
    assert remaining(weekly, [out(0)], START + timedelta(weeks=52)) == Weekly(used=False)


def test_the_first_and_the_last_day_count():
    one = made(1)
    assert remaining(one, [], START - timedelta(days=1)) == Dead(DeadReason.NOT_YET_VALID)
    assert remaining(one, [], START) == Counted(1)
    assert remaining(one, [], one.expires) == Counted(1)
    assert remaining(one, [], one.expires + timedelta(days=1)) == Dead(DeadReason.EXPIRED)


def test_what_the_registry_voids_is_dead_at_once():
    assert remaining(made("unlimited", void=True), [], START) == Dead(DeadReason.VOID)


@pytest.mark.parametrize(
    "fields", [{"entries": 0}, {"entries": -1}, {"entries": 1, "expires": date(2026, 1, 4)}]
)
def test_endorsements_that_cannot_be(fields):
    with pytest.raises(ValueError, match="endorsement"):
        made(**fields)


def test_all_classes_have_terms_and_none_twice():
    assert set(TERMS) == set(Purpose)
    for terms in TERMS.values():
        assert len(set(terms)) == len(terms)
        assert all(one.regions for one in terms)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-600, 600))
def test_months_are_counted_as_offices_do(day, months):
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)
