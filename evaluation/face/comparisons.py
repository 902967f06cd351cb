"""Genuine and impostor comparisons of references with probes, none within one take.

A probe consists of one or several *attempts* (ISO/IEC 19795-1), and its likeness is that of the best: a
terminal that decides again with every further frame, and at once where it is enough, gives a stranger as
many chances.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.face.datasets import FacePicture
from evaluation.face.embeddings import Rows

FRAMES = 5
"""Number of frames in a mean; the terminal decides after as many good ones."""

MOST = 500_000
"""Comparisons beyond this number are left out at random."""

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


class Probes(Struct, frozen=True, eq=False, kw_only=True):
    """`vectors`: (probes, attempts, length); `takes`: (probes, frames), the takes that its frames come from.

    `failed` of `pools`: takes (or people with loose photos) without enough good frames for a probe: failure
    to acquire.
    """

    vectors: NDArray[np.float32]
    persons: Numbers
    takes: Numbers
    failed: int = 0
    pools: int = 0


class DecisionPolicy(Struct, frozen=True, kw_only=True):
    """How the terminal decides: on the `best` of at least `least` and at most `most` frames, `tries` times.

    `[visit.face] min_frames, decide_frames, tries`, `[face] best_frames`.
    """

    least: int
    most: int
    best: int
    tries: int


class Comparisons(Struct, frozen=True, eq=False):
    """Likeness, person of the reference and person of the probe of each comparison.

    Genuine where both are the same person.
    """

    scores: NDArray[np.float32]
    references: Numbers
    probes: Numbers

    @property
    def genuine(self) -> NDArray[np.bool_]:
        """Mask of the genuine comparisons, (comparisons,)."""
        return np.asarray(self.references == self.probes)


def single_frames(pictures: Sequence[FacePicture], rows: Rows) -> Probes:
    """Make a probe of every single frame."""
    return Probes(
        vectors=rows[:, None], persons=_numbers(pictures, "person"), takes=_numbers(pictures, "take")[:, None]
    )


def frame_means(pictures: Sequence[FacePicture], rows: Rows, seed: int) -> Probes:
    """Make probes of means of five frames of one pool.

    Each pool gives as many draws as it has frames; no set of frames comes twice.
    """
    random = np.random.default_rng(seed)
    chosen: list[tuple[int, ...]] = []
    for pool in _pools(pictures, rows):
        draws = (random.choice(pool, FRAMES, replace=False) for _ in pool)
        chosen += sorted({tuple(sorted(int(i) for i in draw)) for draw in draws})
    index = np.asarray(chosen, np.int64).reshape(len(chosen), FRAMES)
    vectors = _unit(rows[index].mean(axis=1, keepdims=True))
    persons, takes = _numbers(pictures, "person"), _numbers(pictures, "take")
    return Probes(vectors=vectors, persons=persons[index[:, 0]], takes=takes[index])


def terminal_decisions(
    pictures: Sequence[FacePicture],
    rows: Rows,
    *,
    ranks: Values,
    good: NDArray[np.bool_],
    policy: DecisionPolicy,
    seed: int,
) -> Probes:
    """Make probes that decide as the terminal does.

    From `least` frames on it decides again with each further one, on the mean of the `best` by rank, until
    there are `most`; and all of that `tries` times. Only `good` frames count. They come in random order; of
    loose photos one is always left out, to be compared with.
    """
    random = np.random.default_rng(seed)
    persons, takes = _numbers(pictures, "person"), _numbers(pictures, "take")
    pools = _pools(pictures, rows, 1)
    attempts, who, where, failed = [], [], [], 0
    for pool in pools:
        loose = len({int(takes[i]) for i in pool}) > 1
        usable = [i for i in pool if good[i]]
        failed += len(usable) - loose < policy.least
        for i in usable if len(usable) - loose >= policy.least else ():
            others = [j for j in usable if not loose or takes[j] != takes[i]]
            orders = [random.permutation(others)[: policy.most] for _ in range(policy.tries)]
            attempts.append(np.concatenate([_attempts(order, rows, ranks, policy) for order in orders]))
            who.append(persons[i])
            where.append(np.resize(takes[np.concatenate(orders)], policy.most * policy.tries))
    steps = policy.tries * (policy.most - policy.least + 1)
    return Probes(
        vectors=np.asarray(attempts, np.float32).reshape(len(attempts), steps, rows.shape[1]),
        persons=np.asarray(who, np.int64),
        takes=np.asarray(where, np.int64).reshape(len(attempts), policy.most * policy.tries),
        failed=failed,
        pools=len(pools),
    )


def _attempts(order: NDArray[np.intp], rows: Rows, ranks: Values, policy: DecisionPolicy) -> Rows:
    """Return (most − least + 1, length): the mean after each frame; the last is repeated at the end."""
    ends = [min(n, len(order)) for n in range(policy.least, policy.most + 1)]
    best = [sorted(order[:n], key=lambda i: -ranks[i])[: policy.best] for n in ends]
    return _unit(np.asarray([rows[some].mean(axis=0) for some in best]))


def _unit(vectors: NDArray[np.floating[Any]]) -> Rows:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def compare(pictures: Sequence[FacePicture], references: Rows, probes: Probes, seed: int) -> Comparisons:
    """Compare every reference with every probe that holds no frame of the reference's take.

    All genuine comparisons are kept, and of impostors a random share if there are too many.
    """
    persons, takes = _numbers(pictures, "person"), _numbers(pictures, "take")
    apart = np.ones((len(references), len(probes.vectors)), bool)
    for column in probes.takes.T:
        apart &= takes[:, None] != column[None]
    apart &= np.isfinite(references[:, :1]) & np.isfinite(probes.vectors[:, 0, 0])[None]
    one, other = np.nonzero(apart)
    if len(one) > MOST:
        drawn = np.random.default_rng(seed).random(len(one)) < MOST / len(one)
        kept = (persons[one] == probes.persons[other]) | drawn
        one, other = one[kept], other[kept]
    scores = _best_likeness(np.nan_to_num(references), np.nan_to_num(probes.vectors))
    return Comparisons(scores[one, other], persons[one], probes.persons[other])


def _best_likeness(references: Rows, attempts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (references, probes): the likeness of each probe's best attempt."""
    best = references @ attempts[:, 0].T
    for i in range(1, attempts.shape[1]):
        np.maximum(best, references @ attempts[:, i].T, out=best)
    return best


def _pools(pictures: Sequence[FacePicture], rows: Rows, least: int = FRAMES) -> list[list[int]]:
    """Return indices of usable pictures, pool by pool; only pools that have at least `least`."""
    pools: dict[int, list[int]] = defaultdict(list)
    for i, picture in enumerate(pictures):
        if np.isfinite(rows[i, 0]):
            pools[picture.pool].append(i)
    return [pool for pool in pools.values() if len(pool) >= least]


def _numbers(pictures: Sequence[FacePicture], what: str) -> Numbers:
    return np.asarray([getattr(picture, what) for picture in pictures], np.int64)
