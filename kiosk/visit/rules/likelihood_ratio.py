"""Measures how sure it is that these digits were said, and not guessed.

Two tests, each with the same bound on the chance of a guess:

- **Count.** Enough digits must each beat every other one that guessing gets there with no more than the
  bound's probability (binomial; a guess that knows that no digit comes twice in a row is right once in nine).
- **Likelihood ratio** (Neyman and Pearson). "This digit was said" against "any of nine was", multiplied
  over the digits, must be at least 1 / bound. Posteriors sum to one, so over random codes the mean ratio is
  at most 1, and by Markov's inequality no more than the bound's share of them gets there. Each posterior is
  mixed with a slip's, so that a single digit said or heard wrong costs something, not everything.

Both hold for any sound and any recogniser, good or bad, as long as the sound was not made for the code.
"""

from collections.abc import Sequence
from functools import cache
from math import comb, exp, isfinite, log

DIGITS = 10
GUESS = 1 / (DIGITS - 1)
"""Chance of a guessed digit: it is never the one before."""
UNKNOWN = float("-inf")


def margin(scores: Sequence[float], digit: int) -> float:
    """Return the log posterior of the digit less the best other digit's.

    −inf unless there are ten finite scores.
    """
    if not _has_scores(scores):
        return UNKNOWN
    return scores[digit] - max(s for d, s in enumerate(scores[:DIGITS]) if d != digit)


def ratio(scores: Sequence[float], digit: int, slip: float) -> float:
    """Return the log-likelihood ratio of "the digit was said" against "any digit was", ln(slip) … ln(9).

    `slip`: chance that a digit is said or heard wrong though the customer reads them. No scores: ln(slip).
    """
    return log((1 - slip) * posterior(scores, digit) / GUESS + slip)


def posterior(scores: Sequence[float], digit: int) -> float:
    """Return the probability of the digit among the ten, all equally likely beforehand; 0 without scores."""
    if not _has_scores(scores):
        return 0.0
    best = max(scores[:DIGITS])
    return exp(scores[digit] - best) / sum(exp(s - best) for s in scores[:DIGITS])


@cache
def needed(count: int, bound: float) -> int:
    """Return the fewest of `count` digits that guessing gets right with at most the bound's probability.

    That is `count` + 1, which cannot be reached, if even all of them could be guessed too easily.
    """
    tail = 0.0
    for right in range(count, -1, -1):
        tail += comb(count, right) * GUESS**right * (1 - GUESS) ** (count - right)
        if tail > bound:
            return right + 1
    return 0 if bound >= 1 else 1


def least(bound: float) -> float:
    """Return the log-likelihood ratio that guessing reaches with at most the bound's probability."""
    return -log(bound)


def _has_scores(scores: Sequence[float]) -> bool:
    return len(scores) >= DIGITS and all(isfinite(s) for s in scores[:DIGITS])
