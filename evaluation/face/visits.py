"""Plays visits with embeddings: which frames are kept and what is decided is the terminal's own.

A picture stands for several successive looks (`held`): frames of one second are nearly one picture. A try
begins with the looks until `decide_frames`, at each of which the face may be accepted; then the pictures that
are left are the challenge's. Each further try begins where the face of the one before was decided. So a
stranger has as many looks as in a shop: all of a try's first ones, one after the challenge, and every try.
"""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evaluation.face.comparisons import Numbers, comparable, numbers, pools
from evaluation.face.datasets import FacePicture
from evaluation.face.embeddings import Rows
from evaluation.intervals import CONFIDENCE, Rate, wilson
from kiosk.face.memory import FaceMemory
from kiosk.model import FaceThresholds
from kiosk.ports import Vector
from kiosk.settings import FaceLimits

BANDS = tuple(round(0.25 + 0.01 * n, 2) for n in range(31))
REPEATS = 200
_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)
REFUSED, CLERK, ACCEPTED = range(3)
"""How a visit ends."""


class VisitFrames(Struct, frozen=True, eq=False, kw_only=True):
    """Means of the kept frames: `early` (visits, tries, looks, length) at each look of the stage FACE, `late`
    (visits, tries, length) after the challenge.

    `persons`, `takes`: of the frames, (visits,) and (visits, pictures). `failed` of `pools`: takes (or people
    with loose photos) without enough good frames: failure to acquire.
    """

    early: NDArray[np.float32]
    late: NDArray[np.float32]
    persons: Numbers
    takes: Numbers
    failed: int
    pools: int


class VisitScores(Struct, frozen=True, eq=False, kw_only=True):
    """Likenesses of visits with one card each: `early` (visits, tries, looks), `late` (visits, tries).

    `references`, `persons`: whose card it is, and who comes.
    """

    early: NDArray[np.float32]
    late: NDArray[np.float32]
    references: Numbers
    persons: Numbers

    @property
    def genuine(self) -> NDArray[np.bool_]:
        """Mask of the visits of the card's holder."""
        return np.asarray(self.references == self.persons)


class VisitRates(Struct, frozen=True, kw_only=True):
    """Shares of visits by their end: of the cards' holders, and of strangers with these cards."""

    accepted: Rate  # by machine, at once or after the challenge
    clerk: Rate
    refused: Rate
    stranger_accepted: Rate
    stranger_clerk: Rate


class VisitBand(Struct, frozen=True, kw_only=True):
    """What `threshold` does as `accept`: strangers and holders who are accepted by machine; and as `review`:
    strangers whom the clerk sees, and holders who are refused.
    """

    threshold: float
    stranger_accepted: Rate
    accepted: Rate
    stranger_clerk: Rate
    refused: Rate


def visit_frames(
    pictures: Sequence[FacePicture],
    rows: Rows,
    *,
    ranks: NDArray[np.float64],
    good: NDArray[np.bool_],
    limits: FaceLimits,
    best: int,
    held: int,
    seed: int,
) -> VisitFrames:
    """Play a visit that begins at each good picture of a take, or leaves out each of somebody's loose ones.

    Pictures of a take come in their order, loose ones at random. `best`: `[face] best_frames`.
    """
    random = np.random.default_rng(seed)
    takes = numbers(pictures, "take")
    early, late, shown, failed = [], [], [], 0
    found = pools(pictures, rows, 1)
    for pool in found:
        usable = [i for i in pool if good[i]]
        loose = len({int(takes[i]) for i in pool}) > 1
        if (len(usable) - loose) * held < limits.min_frames:
            failed += 1
            continue
        for n in range(len(usable)):
            others = usable[n + 1 :] + usable[:n]
            order = [int(i) for i in random.permutation(others)] if loose else [usable[n], *others]
            tries = [
                _play(_turned(order, t, limits, held), rows, ranks, limits, best, held)
                for t in range(limits.tries)
            ]
            early.append([means for means, _ in tries])
            late.append([mean for _, mean in tries])
            shown.append(order)
    longest = max(map(len, shown), default=0)
    return VisitFrames(
        early=np.asarray(early, np.float32),
        late=np.asarray(late, np.float32),
        persons=np.asarray([pictures[order[0]].person for order in shown], np.int64),
        takes=np.asarray([np.resize(takes[order], longest) for order in shown], np.int64).reshape(
            len(shown), longest
        ),
        failed=failed,
        pools=len(found),
    )


def _turned(order: list[int], tries: int, limits: FaceLimits, held: int) -> list[int]:
    """Return the pictures from the one on that a further try begins with; all come round again."""
    first = tries * -(-limits.decide_frames // held) % len(order)
    return order[first:] + order[:first]


def _play(
    order: list[int], rows: Rows, ranks: NDArray[np.float64], limits: FaceLimits, best: int, held: int
) -> tuple[list[Vector], Vector]:
    """Return the means at the looks of the stage FACE, the last repeated if need be, and the end's."""
    memory, means = FaceMemory(best), []
    looks = (i for i in order for _ in range(held))
    for i in islice(looks, limits.decide_frames):
        memory.add(float(ranks[i]), rows[i].copy(), _NO_PICTURE)
        if memory.frames >= limits.min_frames:
            means.append(_mean(memory))
    means += [means[-1]] * (limits.decide_frames - limits.min_frames + 1 - len(means))
    for i in looks:
        memory.add(float(ranks[i]), rows[i].copy(), _NO_PICTURE)
    return means, _mean(memory)


def _mean(memory: FaceMemory) -> Vector:
    mean = memory.mean()
    assert mean is not None
    return mean


def visit_scores(pictures: Sequence[FacePicture], references: Rows, frames: VisitFrames) -> VisitScores:
    """Let every visit come with every card that is of none of its takes."""
    if not len(frames.persons):
        nobody = np.zeros(0, np.int64)
        return VisitScores(
            early=np.zeros((0, 1, 1), np.float32),
            late=np.zeros((0, 1), np.float32),
            references=nobody,
            persons=nobody,
        )
    apart = comparable(pictures, frames.persons, frames.takes) & np.isfinite(references[:, :1])
    card, visit = np.nonzero(apart)
    known = np.nan_to_num(references)
    early = np.einsum("cd,vtld->cvtl", known, frames.early, optimize=True)
    late = np.einsum("cd,vtd->cvt", known, frames.late, optimize=True)
    return VisitScores(
        early=early[card, visit],
        late=late[card, visit],
        references=numbers(pictures, "person")[card],
        persons=frames.persons[visit],
    )


def among(scores: VisitScores, people: set[int]) -> VisitScores:
    """Return the visits of these people with their own cards and each other's: strangers of one group."""
    kept = np.isin(scores.references, list(people)) & np.isin(scores.persons, list(people))
    return VisitScores(
        early=scores.early[kept],
        late=scores.late[kept],
        references=scores.references[kept],
        persons=scores.persons[kept],
    )


def ends(scores: VisitScores, thresholds: FaceThresholds) -> NDArray[np.int64]:
    """Return how each visit ends, as the stages FACE and the conclusion of a challenge decide."""
    ended = np.full(len(scores.late), REFUSED)
    going = np.ones(len(scores.late), bool)
    for early, late in zip(scores.early.swapaxes(0, 1), scores.late.T, strict=True):
        at_once = early.max(axis=1) >= thresholds.accept
        uncertain = ~at_once & (early[:, -1] >= thresholds.review)
        ended[going & (at_once | (uncertain & (late >= thresholds.accept)))] = ACCEPTED
        ended[going & uncertain & (late >= thresholds.review) & (late < thresholds.accept)] = CLERK
        going &= ended == REFUSED
    return ended


def ends_at_face(scores: VisitScores, thresholds: FaceThresholds) -> NDArray[np.int64]:
    """Return how each visit would end without the frames of the challenge: what those bring.

    An uncertain face would be tried again, and be the clerk's after the last try.
    """
    accepted = (scores.early.max(axis=2) >= thresholds.accept).any(axis=1)
    uncertain = scores.early[:, -1, -1] >= thresholds.review
    return np.where(accepted, ACCEPTED, np.where(uncertain, CLERK, REFUSED))


def visit_rates(scores: VisitScores, ended: NDArray[np.int64], seed: int) -> VisitRates:
    """Count how the visits `ended`."""
    genuine = scores.genuine

    def rate(mask: NDArray[np.bool_], end: int) -> Rate:
        return _rate(ended[mask] == end, scores.references[mask], scores.persons[mask], seed)

    return VisitRates(
        accepted=rate(genuine, ACCEPTED),
        clerk=rate(genuine, CLERK),
        refused=rate(genuine, REFUSED),
        stranger_accepted=rate(~genuine, ACCEPTED),
        stranger_clerk=rate(~genuine, CLERK),
    )


def visit_bands(scores: VisitScores, thresholds: FaceThresholds, seed: int) -> list[VisitBand]:
    """Return what each threshold would do as `accept`, and what as `review` below the present `accept`."""
    bands = []
    for threshold in BANDS:
        accept = replace(thresholds, accept=threshold, review=min(threshold, thresholds.review))
        review = replace(thresholds, review=min(threshold, thresholds.accept))
        as_accept = visit_rates(scores, ends(scores, accept), seed)
        as_review = visit_rates(scores, ends(scores, review), seed)
        bands.append(
            VisitBand(
                threshold=threshold,
                stranger_accepted=as_accept.stranger_accepted,
                accepted=as_accept.accepted,
                stranger_clerk=as_review.stranger_clerk,
                refused=as_review.refused,
            )
        )
    return bands


def _rate(hits: NDArray[np.bool_], cards: Numbers, visitors: Numbers, seed: int) -> Rate:
    """Return the wider of two intervals: Wilson's, and drawing people; a visit counts as both its people."""
    whole = wilson(int(hits.sum()), len(hits))
    if not len(hits):
        return whole
    people, index = np.unique(np.concatenate([cards, visitors]), return_inverse=True)
    pairs = index[: len(cards)] * len(people) + index[len(cards) :]
    shape = (len(people), len(people))
    errors = np.bincount(pairs, hits, len(people) ** 2).reshape(shape)
    trials = np.bincount(pairs, minlength=len(people) ** 2).reshape(shape).astype(float)
    if (cards == visitors).all():  # of one person there is no pair to be drawn
        errors, trials = errors.sum(axis=1, keepdims=True), trials.sum(axis=1, keepdims=True)
    random, drawn = np.random.default_rng(seed), []
    for _ in range(REPEATS):
        times = np.bincount(random.integers(len(people), size=len(people)), minlength=len(people))
        other = times if errors.shape[1] > 1 else np.ones(1)
        if total := float(times @ trials @ other):
            drawn.append(float(times @ errors @ other) / total)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if drawn else (0.0, 1.0)
    return Rate(
        errors=whole.errors,
        trials=whole.trials,
        low=min(whole.low, float(low)),
        high=max(whole.high, float(high)),
    )
