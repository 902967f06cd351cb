"""How much six digits prove: the two bounds on guessing, whatever is said and however the recogniser errs."""

from itertools import pairwise, product
from math import exp, inf, log, nan

import numpy as np
import pytest

from kiosk.visit import odds

SURE = tuple(0.0 if d == 3 else -9.0 for d in range(11))


def anything(rng):
    """Scores of a recogniser that may be sure, torn between digits, or wrong."""
    logits = rng.normal(0, rng.choice([0.1, 2.0, 10.0]), 11)
    return tuple(logits - np.logaddexp.reduce(logits))


def codes(length):
    """All codes in which no digit comes twice in a row."""
    for code in product(range(10), repeat=length):
        if all(a != b for a, b in pairwise(code)):
            yield code


@pytest.mark.parametrize(("count", "right"), [(4, 4), (5, 5), (6, 5), (7, 6), (8, 6)])
def test_a_longer_challenge_needs_more_digits(count, right):
    assert odds.needed(count, 2e-4) == right


def test_what_can_be_guessed_in_any_case_is_never_enough():
    assert odds.needed(3, 2e-4) == 4
    assert odds.needed(0, 2e-4) == 1


def test_a_laxer_bound_needs_no_more():
    for count in range(4, 9):
        needs = [odds.needed(count, bound) for bound in (1e-6, 1e-5, 1e-4, 1e-3)]
        assert needs == sorted(needs, reverse=True)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_heard_guessed_codes_pass_no_more_often_than_the_bounds(seed):
    """All codes of four against one sound, which nobody made with the code in mind."""
    rng = np.random.default_rng(seed)
    heard = [anything(rng) for _ in range(4)]
    right = [[odds.margin(s, d) > 0 for d in range(10)] for s in heard]
    ratio = [[odds.ratio(s, d, 0.02) for d in range(10)] for s in heard]
    tried = list(codes(4))
    for bound in (2e-4, 2e-3, 2e-2, 0.1):
        needed, least = odds.needed(4, bound), odds.least(bound)
        by_count = sum(sum(right[i][d] for i, d in enumerate(code)) >= needed for code in tried)
        by_ratio = sum(sum(ratio[i][d] for i, d in enumerate(code)) >= least for code in tried)
        assert by_count <= bound * len(tried)
        assert by_ratio <= bound * len(tried)


def test_a_digit_that_is_sure_counts_nine_times_and_a_slip_costs_no_more_than_its_share():
    assert odds.ratio(SURE, 3, 0.02) == pytest.approx(log(9), abs=0.03)
    assert odds.ratio(SURE, 4, 0.02) == pytest.approx(log(0.02), abs=0.1)
    assert odds.ratio((), 3, 0.02) == pytest.approx(log(0.02))


def test_other_takes_no_part():
    assert odds.margin((*SURE[:10], 50.0), 3) == odds.margin(SURE, 3) == 9.0
    assert odds.posterior((*SURE[:10], 50.0), 3) == odds.posterior(SURE, 3)


@pytest.mark.parametrize("wrong", [nan, inf, -inf])
@pytest.mark.parametrize("place", [0, 3, 9])
def test_scores_that_are_no_numbers_prove_nothing(wrong, place):
    scores = list(SURE)
    scores[place] = wrong
    assert odds.margin(scores, 3) == -inf
    assert odds.posterior(scores, 3) == 0.0
    assert odds.ratio(scores, 3, 0.02) == pytest.approx(log(0.02))


def test_scores_of_any_scale_are_understood():
    assert odds.posterior([-1e6] * 10, 0) == pytest.approx(0.1)
    assert odds.posterior([-1e6 if d else 1e6 for d in range(10)], 0) == pytest.approx(1.0)
    assert exp(odds.ratio([0.0] * 11, 0, 1e-9)) == pytest.approx(0.9)
