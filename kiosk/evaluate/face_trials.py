"""Who is compared with whom: genuine and impostor comparisons, none within one take."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.evaluate.face_embeddings import Rows
from kiosk.evaluate.face_pictures import Picture

FRAMES = 5
"""So many frames the mean is over; the product decides after so many good ones."""

MOST = 500_000
"""Comparisons beyond this many are left out by lot."""

Numbers = NDArray[np.int64]


class Probes(Struct, frozen=True, eq=False):
    """`takes`: (probes, frames), the takes that its frames come from."""

    vectors: Rows
    persons: Numbers
    takes: Numbers


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
    return Probes(rows, _of(pictures, "person"), _of(pictures, "take")[:, None])


def means(pictures: Sequence[Picture], rows: Rows, seed: int) -> Probes:
    """Means of five frames of one pool, as many draws from it as it has frames; no set of frames twice."""
    random = np.random.default_rng(seed)
    chosen = [draw for pool in _pools(pictures, rows) for draw in _draws(pool, random)]
    index = np.asarray(chosen, np.int64).reshape(len(chosen), FRAMES)
    vectors = rows[index].mean(axis=1)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    persons, takes = _of(pictures, "person"), _of(pictures, "take")
    return Probes(np.asarray(vectors, np.float32), persons[index[:, 0]], takes[index])


def compare(pictures: Sequence[Picture], references: Rows, probes: Probes, seed: int) -> Trials:
    """Every reference with every probe that holds no frame of the reference's take."""
    persons, takes = _of(pictures, "person"), _of(pictures, "take")
    apart = np.ones((len(references), len(probes.vectors)), bool)
    for column in probes.takes.T:
        apart &= takes[:, None] != column[None]
    apart &= np.isfinite(references[:, :1]) & np.isfinite(probes.vectors[:, 0])[None]
    one, other = np.nonzero(apart)
    one, other = _thinned(one, other, persons[one] == probes.persons[other], seed)
    scores = np.nan_to_num(references) @ np.nan_to_num(probes.vectors).T
    return Trials(scores[one, other], persons[one], probes.persons[other])


def _thinned(one: Numbers, other: Numbers, genuine: NDArray[np.bool_], seed: int) -> tuple[Numbers, Numbers]:
    """All genuine comparisons, and impostors by lot if there are too many."""
    if len(one) <= MOST:
        return one, other
    drawn = np.random.default_rng(seed).random(len(one)) < MOST / len(one)
    return one[genuine | drawn], other[genuine | drawn]


def _pools(pictures: Sequence[Picture], rows: Rows) -> list[list[int]]:
    """Indices of usable pictures, pool by pool; only pools that are large enough."""
    pools: dict[int, list[int]] = defaultdict(list)
    for i, picture in enumerate(pictures):
        if np.isfinite(rows[i, 0]):
            pools[picture.pool].append(i)
    return [pool for pool in pools.values() if len(pool) >= FRAMES]


def _draws(pool: list[int], random: np.random.Generator) -> list[tuple[int, ...]]:
    drawn = (random.choice(pool, FRAMES, replace=False) for _ in pool)
    return sorted({tuple(sorted(int(i) for i in draw)) for draw in drawn})


def _of(pictures: Sequence[Picture], what: str) -> Numbers:
    return np.asarray([getattr(picture, what) for picture in pictures], np.int64)
