"""How much six digits prove: the two bounds on guessing, whatever is said and however the recogniser errs."""

from itertools import pairwise, product
from math import exp, inf, log, nan

import msgspec
import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.model import Challenge, DigitHeard, VerdictAnswer
from kiosk.settings import load
from kiosk.visit.rules import likelihood_ratio
from kiosk.visit.rules.digits import judge_digits
from tests.support.visit_driver import DIGITS, challenge, scores

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
    assert likelihood_ratio.needed(count, 2e-4) == right


def test_what_can_be_guessed_in_any_case_is_never_enough():
    assert likelihood_ratio.needed(3, 2e-4) == 4
    assert likelihood_ratio.needed(0, 2e-4) == 1


def test_a_laxer_bound_needs_no_more():
    for count in range(4, 9):
        needs = [likelihood_ratio.needed(count, bound) for bound in (1e-6, 1e-5, 1e-4, 1e-3)]
        assert needs == sorted(needs, reverse=True)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_heard_guessed_codes_pass_no_more_often_than_the_bounds(seed):
    """All codes of four against one sound, which nobody made with the code in mind."""
    rng = np.random.default_rng(seed)
    heard = [anything(rng) for _ in range(4)]
    right = [[likelihood_ratio.margin(s, d) > 0 for d in range(10)] for s in heard]
    ratio = [[likelihood_ratio.ratio(s, d, 0.02) for d in range(10)] for s in heard]
    tried = list(codes(4))
    for bound in (2e-4, 2e-3, 2e-2, 0.1):
        needed, least = likelihood_ratio.needed(4, bound), likelihood_ratio.least(bound)
        by_count = sum(sum(right[i][d] for i, d in enumerate(code)) >= needed for code in tried)
        by_ratio = sum(sum(ratio[i][d] for i, d in enumerate(code)) >= least for code in tried)
        assert by_count <= bound * len(tried)
        assert by_ratio <= bound * len(tried)


def test_a_digit_that_is_sure_counts_nine_times_and_a_slip_costs_no_more_than_its_share():
    assert likelihood_ratio.ratio(SURE, 3, 0.02) == pytest.approx(log(9), abs=0.03)
    assert likelihood_ratio.ratio(SURE, 4, 0.02) == pytest.approx(log(0.02), abs=0.1)
    assert likelihood_ratio.ratio((), 3, 0.02) == pytest.approx(log(0.02))


def test_other_takes_no_part():
    assert likelihood_ratio.margin((*SURE[:10], 50.0), 3) == likelihood_ratio.margin(SURE, 3) == 9.0
    assert likelihood_ratio.posterior((*SURE[:10], 50.0), 3) == likelihood_ratio.posterior(SURE, 3)


@pytest.mark.parametrize("wrong", [nan, inf, -inf])
@pytest.mark.parametrize("place", [0, 3, 9])
def test_scores_that_are_no_numbers_prove_nothing(wrong, place):
    scores = list(SURE)
    scores[place] = wrong
    assert likelihood_ratio.margin(scores, 3) == -inf
    assert likelihood_ratio.posterior(scores, 3) == 0.0
    assert likelihood_ratio.ratio(scores, 3, 0.02) == pytest.approx(log(0.02))


def test_scores_of_any_scale_are_understood():
    assert likelihood_ratio.posterior([-1e6] * 10, 0) == pytest.approx(0.1)
    assert likelihood_ratio.posterior([-1e6 if d else 1e6 for d in range(10)], 0) == pytest.approx(1.0)
    assert exp(likelihood_ratio.ratio([0.0] * 11, 0, 1e-9)) == pytest.approx(0.9)


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────

CODE = (3, 1, 4, 1, 5, 9, 2, 6)
SHOWN = tuple(1.2 * i for i in range(8))
LIMITS = load().visit


def said(window, digit, share=0.97, began=0.4, **more):
    """A voice that is this digit with `share`, and most of the rest the next digit."""
    posteriors = np.full(11, 0.001)
    posteriors[digit], posteriors[(digit + 1) % 10] = share, 1 - share
    voice = {"began": SHOWN[window] + began, "ended": SHOWN[window] + began + 0.3, "level_dbfs": -25.0}
    return DigitHeard(at=0.0, window=window, scores=tuple(np.log(posteriors)), snr_db=25.0, **voice | more)


def verdict(*heard):
    digits = CODE[: len(heard)]
    challenge = Challenge(id="", digits=digits, gaps_s=(1.2,) * len(digits), expires_unix=0.0)
    return judge_digits(challenge, SHOWN[: len(heard)], list(heard), LIMITS.digits, LIMITS.sound)


def reading(count, **instead):
    """All digits clear but those named `_<place>`."""
    return verdict(*(instead.get(f"_{i}") or said(i, CODE[i]) for i in range(count)))


def torn(window):
    """The right digit is the second likeliest, not far behind."""
    return said(window, CODE[window], share=0.4)


def silent(window):
    return DigitHeard(at=0.0, window=window)


def test_four_clear_digits_and_two_torn_ones_are_enough():
    found = reading(6, _1=torn(1), _4=torn(4))
    assert (found.answer, found.measured["right"]) == (VerdictAnswer.PASS, 4)
    assert found.measured["llr"] > found.required["llr"]


@pytest.mark.parametrize(
    "second",
    [
        said(4, 7),
        silent(4),
        said(4, CODE[4], began=-0.5),
        said(4, CODE[4], audio_lost=True),
        said(4, CODE[4], fault=Code.SPEECH_ENGINE_FAILED),
        msgspec.structs.replace(said(4, CODE[4]), scores=(nan,) * 11),
        msgspec.structs.replace(said(4, CODE[4]), scores=()),
    ],
    ids=["contradicted", "silent", "too early", "lost", "engine failed", "no numbers", "no scores"],
)
def test_four_clear_digits_one_torn_and_one_that_says_nothing_or_another_are_not(second):
    assert reading(6, _1=torn(1), _4=second).answer is VerdictAnswer.RETRY
    assert reading(6, _4=second).answer is VerdictAnswer.PASS  # five right


@pytest.mark.parametrize(("count", "least"), [(4, 4), (5, 5), (6, 5), (7, 6), (8, 6)])
def test_so_many_right_are_needed_of_so_many(count, least):
    def with_wrong(wrong):
        return reading(count, **{f"_{i}": said(i, (CODE[i] + 5) % 10) for i in range(wrong)})

    assert with_wrong(count - least).answer is VerdictAnswer.PASS
    assert with_wrong(count - least + 1).answer is VerdictAnswer.RETRY


def test_torn_digits_alone_are_never_enough():
    assert verdict(*(torn(i) for i in range(8))).answer is VerdictAnswer.RETRY


def test_a_voice_whose_time_is_no_number_came_at_no_time():
    shown = [10.0 + 2.0 * i for i in range(len(DIGITS))]
    heard = [
        DigitHeard(
            at=at + 1.0,
            window=i,
            scores=scores(DIGITS[i]),
            began=nan,
            ended=at + 0.9,
            level_dbfs=-25.0,
            snr_db=25.0,
        )
        for i, at in enumerate(shown)
    ]
    assert judge_digits(challenge(), shown, heard, LIMITS.digits, LIMITS.sound).answer is VerdictAnswer.RETRY
