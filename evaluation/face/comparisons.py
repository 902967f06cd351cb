"""Genuine and impostor comparisons of references with probes, none within one take."""

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
    """`vectors`: (probes, length); `takes`: (probes, frames), the takes that its frames come from."""

    vectors: Rows
    persons: Numbers
    takes: Numbers


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
    return Probes(vectors=rows, persons=numbers(pictures, "person"), takes=numbers(pictures, "take")[:, None])


def frame_means(pictures: Sequence[FacePicture], rows: Rows, seed: int) -> Probes:
    """Make probes of means of five frames of one pool.

    Each pool gives as many draws as it has frames; no set of frames comes twice.
    """
    random = np.random.default_rng(seed)
    chosen: list[tuple[int, ...]] = []
    for pool in pools(pictures, rows):
        draws = (random.choice(pool, FRAMES, replace=False) for _ in pool)
        chosen += sorted({tuple(sorted(int(i) for i in draw)) for draw in draws})
    index = np.asarray(chosen, np.int64).reshape(len(chosen), FRAMES)
    vectors = _unit(rows[index].mean(axis=1))
    persons, takes = numbers(pictures, "person"), numbers(pictures, "take")
    return Probes(vectors=vectors, persons=persons[index[:, 0]], takes=takes[index])


def _unit(vectors: NDArray[np.floating[Any]]) -> Rows:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def compare(pictures: Sequence[FacePicture], references: Rows, probes: Probes, seed: int) -> Comparisons:
    """Compare every reference with every probe that holds no frame of the reference's take.

    All genuine comparisons are kept, and of impostors a random share if there are too many.
    """
    persons = numbers(pictures, "person")
    apart = comparable(pictures, probes.persons, probes.takes)
    apart &= np.isfinite(references[:, :1]) & np.isfinite(probes.vectors[:, 0])[None]
    one, other = np.nonzero(apart)
    if len(one) > MOST:
        drawn = np.random.default_rng(seed).random(len(one)) < MOST / len(one)
        kept = (persons[one] == probes.persons[other]) | drawn
        one, other = one[kept], other[kept]
    scores = np.nan_to_num(references) @ np.nan_to_num(probes.vectors).T
    return Comparisons(scores[one, other], persons[one], probes.persons[other])


def comparable(pictures: Sequence[FacePicture], persons: Numbers, takes: Numbers) -> NDArray[np.bool_]:
    """Return (pictures, probes): where no take of the probe is the picture's, and both are of one folder.

    Strangers of another folder, before another camera, are too easy to distinguish.
    """
    own_takes, sources = numbers(pictures, "take"), numbers(pictures, "source")
    source_of = dict(zip(numbers(pictures, "person").tolist(), sources.tolist(), strict=True))
    apart = sources[:, None] == np.array([source_of[int(p)] for p in persons], np.int64)[None]
    for column in takes.T:
        apart &= own_takes[:, None] != column[None]
    return np.asarray(apart)


def pools(pictures: Sequence[FacePicture], rows: Rows, least: int = FRAMES) -> list[list[int]]:
    """Return indices of usable pictures, pool by pool; only pools that have at least `least`."""
    pools: dict[int, list[int]] = defaultdict(list)
    for i, picture in enumerate(pictures):
        if np.isfinite(rows[i, 0]):
            pools[picture.pool].append(i)
    return [pool for pool in pools.values() if len(pool) >= least]


def numbers(pictures: Sequence[FacePicture], what: str) -> Numbers:
    """Return one number of each picture."""
    return np.asarray([getattr(picture, what) for picture in pictures], np.int64)
