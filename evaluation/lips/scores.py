"""Correlation of mouth opening and loudness, for a clip's own, for shifted and for swapped sound."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.lips.clips import Series, TalkingClip

LENGTHS_S = (3, 6, 9, 12)
SHIFTS_S = (0.8, 2.0)
LAG_S = 0.08
"""Largest lag of the sound that is allowed: cameras and microphones are synchronised no better."""
SLOPE = 0.3
"""Weight of the slopes in the fit."""
_DRAWS = 300
_FPS = 25.0
_REPEATS = 300


class Piece(Struct, frozen=True, eq=False, kw_only=True):
    """Up to three seconds of a clip, 25 values a second. `clip`: number of the clip it was cut from."""

    speaker: str
    clip: int
    mouth: Series
    level: Series


class RocArea(Struct, frozen=True, kw_only=True):
    """Area under the ROC curve: how often genuine sound fits better than false sound, one half by chance.

    `false`: shifted or swapped sound. `low`, `high`: 95 % by drawing clips. `pieces`: how many there are to
    draw from; `joined`: whether pieces of different clips had to be joined to get this length.
    """

    length_s: int
    false: str
    area: float
    low: float
    high: float
    pieces: int
    joined: bool


class Scores(Struct, frozen=True, eq=False, kw_only=True):
    """One value for each draw; `clips`: the clips it was drawn from."""

    genuine: Series
    shifted: Series
    swapped: Series
    clips: list[frozenset[int]]


def pieces(clips: Sequence[TalkingClip]) -> list[Piece]:
    """Cut all clips into pieces of three seconds; a remainder of at least 90 % of that counts as one."""
    return [piece for i, clip in enumerate(clips) for piece in _cut(i, clip)]


def roc_areas(cut: Sequence[Piece], seed: int) -> tuple[list[RocArea], dict[int, Scores]]:
    """Return areas by length and kind of false sound, and scores by length, for all lengths there are."""
    found: list[RocArea] = []
    scores: dict[int, Scores] = {}
    for length in LENGTHS_S:
        drawn = _scores(cut, length // LENGTHS_S[0], seed)
        if not len(drawn.genuine):
            continue
        scores[length] = drawn
        joined = length > LENGTHS_S[0]
        for name, false in (("shifted", drawn.shifted), ("swapped", drawn.swapped)):
            low, high = _interval(drawn, false, len(cut), seed)
            found.append(
                RocArea(
                    length_s=length,
                    false=name,
                    area=roc_area(drawn.genuine, false),
                    low=low,
                    high=high,
                    pieces=len(cut),
                    joined=joined,
                )
            )
    return found, scores


def fit(mouth: Series, level: Series) -> float:
    """Return the best correlation within the allowed lag: of the series themselves, and of their slopes.

    Slow and quick agreement are different things; their weights were chosen on the GRID clips
    (docs/evaluate.md).
    """
    lags = round(LAG_S * _FPS)
    slopes = _slope(mouth), _slope(level)
    return max(
        (1 - SLOPE) * _correlation(*_lagged(mouth, level, lag)) + SLOPE * _correlation(*_lagged(*slopes, lag))
        for lag in range(-lags, lags + 1)
    )


def roc_area(genuine: Series, false: Series) -> float:
    """Return the share of pairs in which the genuine one is larger (Mann–Whitney); ties count half."""
    known = false[np.isfinite(false)]
    if not len(genuine) or not len(known):
        return float("nan")
    order = np.sort(known)
    below, upto = np.searchsorted(order, genuine), np.searchsorted(order, genuine, "right")
    return float((below + upto).mean() / 2 / len(order))


def _cut(index: int, clip: TalkingClip) -> Iterator[Piece]:
    count = int(len(clip.mouth) / clip.fps * _FPS)
    times = np.arange(count) / _FPS * clip.fps
    mouth = np.interp(times, np.arange(len(clip.mouth)), clip.mouth)
    level = np.interp(times, np.arange(len(clip.level)), clip.level)
    size = round(LENGTHS_S[0] * _FPS)
    for begin in range(0, count, size):
        one, other = mouth[begin : begin + size], level[begin : begin + size]
        if len(one) >= 0.9 * size:
            yield Piece(speaker=clip.speaker, clip=index, mouth=_standardise(one), level=_standardise(other))


def _scores(cut: Sequence[Piece], count: int, seed: int) -> Scores:
    """Draw `count` pieces of one speaker, with their own sound, with it shifted, with that of others."""
    random = np.random.default_rng(seed)
    rows: list[tuple[float, float, float]] = []
    clips: list[frozenset[int]] = []
    for _ in range(_DRAWS):
        speaker = cut[int(random.integers(len(cut)))].speaker if cut else ""
        own = [piece for piece in cut if piece.speaker == speaker]
        if len(own) < count:
            continue
        chosen = [own[int(i)] for i in random.choice(len(own), count, replace=False)]
        rows.append(_fits(chosen, cut, random))
        clips.append(frozenset(piece.clip for piece in chosen))
    table = np.asarray(rows, np.float64).reshape(len(rows), 3)
    return Scores(genuine=table[:, 0], shifted=table[:, 1], swapped=table[:, 2], clips=clips)


def _fits(
    chosen: list[Piece], cut: Sequence[Piece], random: np.random.Generator
) -> tuple[float, float, float]:
    """Return the fit with the pieces' own, shifted and swapped sound; NaN without other pieces."""
    mouth = [piece.mouth for piece in chosen]
    own = [piece.level for piece in chosen]
    shifted = [shift(level, random) for level in own]
    others = _others(chosen, cut, random)
    swapped = _fit_all(mouth, others) if others else float("nan")
    return _fit_all(mouth, own), _fit_all(mouth, shifted), swapped


def _fit_all(mouths: list[Series], levels: list[Series]) -> float:
    """Fit pieces joined one after the other; each sound is cut or repeated to its mouth's length."""
    fitted = [np.resize(level, len(mouth)) for mouth, level in zip(mouths, levels, strict=True)]
    return fit(np.concatenate(mouths), np.concatenate(fitted))


def shift(level: Series, random: np.random.Generator) -> Series:
    """Shift by 0.8 to 2 s either way; what leaves one end enters at the other."""
    steps = round(float(random.uniform(*SHIFTS_S)) * _FPS)
    return np.roll(level, steps if random.random() < 0.5 else -steps)


def _others(chosen: list[Piece], cut: Sequence[Piece], random: np.random.Generator) -> list[Series]:
    """Return for each piece the sound of a piece of another clip, none twice; empty if there are too few."""
    for _ in range(20):
        order = random.permutation(len(cut))[: len(chosen)]
        picked = [cut[int(i)] for i in order]
        apart = all(a.clip != b.clip for a, b in zip(chosen, picked, strict=False))
        if len(picked) == len(chosen) and apart:
            return [piece.level for piece in picked]
    return []


def _interval(drawn: Scores, false: Series, clips: int, seed: int) -> tuple[float, float]:
    """Return the 95 % interval by drawing clips; a draw counts as often as the rarest of its clips."""
    random = np.random.default_rng(seed)
    numbers = sorted(set().union(*drawn.clips))
    values = []
    for _ in range(_REPEATS):
        times = dict.fromkeys(numbers, 0)
        for number in random.choice(numbers, len(numbers)):
            times[int(number)] += 1
        weights = np.array([min(times[c] for c in row) for row in drawn.clips])
        values.append(roc_area(np.repeat(drawn.genuine, weights), np.repeat(false, weights)))
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _lagged(mouth: Series, level: Series, lag: int) -> tuple[Series, Series]:
    if lag >= 0:
        return mouth[lag:], level[: len(level) - lag]
    return mouth[:lag], level[-lag:]


def _slope(series: Series) -> Series:
    """Return the change from value to value of the series smoothed over three."""
    smooth = np.convolve(np.pad(series, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    return np.asarray(np.gradient(smooth), np.float64)


def _correlation(one: Series, other: Series) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))


def _standardise(values: NDArray[np.float64]) -> Series:
    """Scale to mean 0 and deviation 1: speakers and microphones differ."""
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))
