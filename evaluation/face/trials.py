"""Who is compared with whom: genuine and impostor comparisons, none within one take.

A probe is one or several *looks*, and its likeness that of the best: whoever decides again with every further
frame, and at once where it is enough, gives a stranger as many chances.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.face.datasets import Picture
from evaluation.face.embeddings import Rows

FRAMES = 5
"""So many frames the mean is over; the product decides after so many good ones."""

MOST = 500_000
"""Comparisons beyond this many are left out by lot."""

Numbers = NDArray[np.int64]
Line = NDArray[np.float64]


class Probes(Struct, frozen=True, eq=False):
    """`vectors`: (probes, looks, length); `takes`: (probes, frames), the takes that its frames come from.

    `failed` of `pools`: takes (or people with loose photos) without good frames enough for a probe: failure
    to acquire.
    """

    vectors: NDArray[np.float32]
    persons: Numbers
    takes: Numbers
    failed: int = 0
    pools: int = 0


class Deciding(Struct, frozen=True):
    """How the terminal comes to its answer: `[visit.face] min_frames, decide_frames, tries`, `[face]
    best_frames`.
    """

    least: int
    most: int
    best: int
    tries: int


class Trials(Struct, frozen=True, eq=False):
    """One comparison each: likeness, whose reference, whose probe. Genuine where both are the same person."""

    scores: NDArray[np.float32]
    references: Numbers
    probes: Numbers

    @property
    def genuine(self) -> NDArray[np.bool_]:
        return np.asarray(self.references == self.probes)


def single(pictures: Sequence[Picture], rows: Rows) -> Probes:
    """Every frame alone."""
    return Probes(rows[:, None], _of(pictures, "person"), _of(pictures, "take")[:, None])


def means(pictures: Sequence[Picture], rows: Rows, seed: int) -> Probes:
    """Means of five frames of one pool, as many draws from it as it has frames; no set of frames twice."""
    random = np.random.default_rng(seed)
    chosen = [draw for pool in _pools(pictures, rows) for draw in _draws(pool, random)]
    index = np.asarray(chosen, np.int64).reshape(len(chosen), FRAMES)
    vectors = _unit(rows[index].mean(axis=1, keepdims=True))
    persons, takes = _of(pictures, "person"), _of(pictures, "take")
    return Probes(vectors, persons[index[:, 0]], takes[index])


def decided(
    pictures: Sequence[Picture],
    rows: Rows,
    ranks: Line,
    good: NDArray[np.bool_],
    how: Deciding,
    seed: int,
) -> Probes:
    """As the terminal decides: from `least` frames on again with each further one, on the mean of the `best`
    by rank, until there are `most`; and all of that `tries` times. Only `good` frames count. They come in an
    order drawn by lot; from loose photos one is always left out, to be compared with.
    """
    random = np.random.default_rng(seed)
    persons, takes = _of(pictures, "person"), _of(pictures, "take")
    pools = _pools(pictures, rows, 1)
    looks, who, where, failed = [], [], [], 0
    for pool in pools:
        loose = len({int(takes[i]) for i in pool}) > 1
        usable = [i for i in pool if good[i]]
        failed += len(usable) - loose < how.least
        for i in usable if len(usable) - loose >= how.least else ():
            others = [j for j in usable if not loose or takes[j] != takes[i]]
            orders = [random.permutation(others)[: how.most] for _ in range(how.tries)]
            looks.append(np.concatenate([_looks(order, rows, ranks, how) for order in orders]))
            who.append(persons[i])
            where.append(np.resize(takes[np.concatenate(orders)], how.most * how.tries))
    steps = how.tries * (how.most - how.least + 1)
    vectors = np.asarray(looks, np.float32).reshape(len(looks), steps, rows.shape[1])
    of = np.asarray(where, np.int64).reshape(len(looks), how.most * how.tries)
    return Probes(vectors, np.asarray(who, np.int64), of, failed, len(pools))


def _looks(order: NDArray[np.intp], rows: Rows, ranks: Line, how: Deciding) -> Rows:
    """(most − least + 1, length): the mean after each frame; where frames are too few the last stands."""
    ends = [min(n, len(order)) for n in range(how.least, how.most + 1)]
    best = [sorted(order[:n], key=lambda i: -ranks[i])[: how.best] for n in ends]
    return _unit(np.asarray([rows[some].mean(axis=0) for some in best]))


def _unit(vectors: NDArray[np.floating[Any]]) -> Rows:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def compare(pictures: Sequence[Picture], references: Rows, probes: Probes, seed: int) -> Trials:
    """Every reference with every probe that holds no frame of the reference's take."""
    persons, takes = _of(pictures, "person"), _of(pictures, "take")
    apart = np.ones((len(references), len(probes.vectors)), bool)
    for column in probes.takes.T:
        apart &= takes[:, None] != column[None]
    apart &= np.isfinite(references[:, :1]) & np.isfinite(probes.vectors[:, 0, 0])[None]
    one, other = np.nonzero(apart)
    one, other = _thinned(one, other, persons[one] == probes.persons[other], seed)
    scores = _best(np.nan_to_num(references), np.nan_to_num(probes.vectors))
    return Trials(scores[one, other], persons[one], probes.persons[other])


def _best(references: Rows, looks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(references, probes): the likeness of each probe's best look."""
    best = references @ looks[:, 0].T
    for look in range(1, looks.shape[1]):
        np.maximum(best, references @ looks[:, look].T, out=best)
    return best


def _thinned(one: Numbers, other: Numbers, genuine: NDArray[np.bool_], seed: int) -> tuple[Numbers, Numbers]:
    """All genuine comparisons, and impostors by lot if there are too many."""
    if len(one) <= MOST:
        return one, other
    drawn = np.random.default_rng(seed).random(len(one)) < MOST / len(one)
    return one[genuine | drawn], other[genuine | drawn]


def _pools(pictures: Sequence[Picture], rows: Rows, least: int = FRAMES) -> list[list[int]]:
    """Indices of usable pictures, pool by pool; only pools that have at least so many."""
    pools: dict[int, list[int]] = defaultdict(list)
    for i, picture in enumerate(pictures):
        if np.isfinite(rows[i, 0]):
            pools[picture.pool].append(i)
    return [pool for pool in pools.values() if len(pool) >= least]


def _draws(pool: list[int], random: np.random.Generator) -> list[tuple[int, ...]]:
    drawn = (random.choice(pool, FRAMES, replace=False) for _ in pool)
    return sorted({tuple(sorted(int(i) for i in draw)) for draw in drawn})


def _of(pictures: Sequence[Picture], what: str) -> Numbers:
    return np.asarray([getattr(picture, what) for picture in pictures], np.int64)
