"""Known values, and what an interval must never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.intervals import by_group, wilson


def test_wilson_against_published_values():
    """0 of 10 and 5 of 10 at 95 %, as every statistics text has them."""
    assert wilson(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert (wilson(5, 10).low, wilson(5, 10).high) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_nothing_tried_is_nothing_known():
    rate = wilson(0, 0)
    assert (rate.value, rate.low, rate.high) == (None, 0.0, 1.0)
    assert str(rate) == "no trials"


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_rate_lies_inside(counts):
    rate = wilson(*counts)
    assert rate.value is not None
    assert 0 <= rate.low <= rate.value + 1e-12
    assert rate.value - 1e-12 <= rate.high <= 1


def test_trials_of_one_person_are_not_independent():
    """Ten people, two of whom always fail: drawing people shows how uncertain that is."""
    groups = {i: [i < 2] * 100 for i in range(10)}
    low, high = by_group(groups, lambda trials: sum(map(bool, trials)) / len(trials))
    naive = wilson(200, 1000)
    assert high - low > 3 * (naive.high - naive.low)
