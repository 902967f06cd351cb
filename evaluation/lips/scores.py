"""Does the mouth go with the sound? Correlation, for a clip's own, for shifted and for swapped sound."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evaluation.lips.clips import Clip, Line

LENGTHS_S = (3, 6, 9, 12)
SHIFTS_S = (0.8, 2.0)
LAG_S = 0.08
"""The sound may be so much earlier or later: cameras and microphones are no better together."""
SLOPE = 0.3
"""Weight of the lines' slopes in the fit."""
_DRAWS = 300
_FPS = 25.0
_REPEATS = 300


class Piece(Struct, frozen=True, eq=False):
    """Up to three seconds of a clip, 25 values a second. `clip`: which one it was cut from."""

    speaker: str
    clip: int
    mouth: Line
    level: Line


class Area(Struct, frozen=True):
    """Area under the ROC curve: how often genuine sound fits better than false sound, one half by chance.

    `low`, `high`: 95 % by drawing clips. `pieces`: how many there are to draw from; `joined`: whether pieces
    of different clips had to be joined to get this length.
    """

    length_s: int
    false: str  # shifted | swapped
    area: float
    low: float
    high: float
    pieces: int
    joined: bool


class Scores(Struct, frozen=True, eq=False):
    """One row for each draw; `clips`: which clips it was drawn from."""

    genuine: Line
    shifted: Line
    swapped: Line
    clips: list[frozenset[int]]


def pieces(clips: Sequence[Clip]) -> list[Piece]:
    """All clips cut into pieces of three seconds; a rest of at least 90 % of that counts as one."""
    return [piece for i, clip in enumerate(clips) for piece in _cut(i, clip)]


def areas(cut: Sequence[Piece], seed: int) -> tuple[list[Area], dict[int, Scores]]:
    """By length and kind of false sound; and the scores by length. Lengths that cannot be had are missing."""
    found: list[Area] = []
    scores: dict[int, Scores] = {}
    for length in LENGTHS_S:
        drawn = _scores(cut, length // LENGTHS_S[0], seed)
        if not len(drawn.genuine):
            continue
        scores[length] = drawn
        joined = length > LENGTHS_S[0]
        for name, false in (("shifted", drawn.shifted), ("swapped", drawn.swapped)):
            low, high = _interval(drawn, false, len(cut), seed)
            found.append(Area(length, name, area(drawn.genuine, false), low, high, len(cut), joined))
    return found, scores


def fit(mouth: Line, level: Line) -> float:
    """The best correlation within the lag that is allowed: of the lines themselves, and of how they change.

    Slow and quick agreement are different things; their weights were chosen on the GRID clips
    (docs/evaluate.md).
    """
    lags = round(LAG_S * _FPS)
    slopes = _slope(mouth), _slope(level)
    return max(
        (1 - SLOPE) * _correlation(*_lagged(mouth, level, lag)) + SLOPE * _correlation(*_lagged(*slopes, lag))
        for lag in range(-lags, lags + 1)
    )


def area(genuine: Line, false: Line) -> float:
    """Mann–Whitney: the share of pairs in which the genuine one is larger; ties count half."""
    known = false[np.isfinite(false)]
    if not len(genuine) or not len(known):
        return float("nan")
    order = np.sort(known)
    below, upto = np.searchsorted(order, genuine), np.searchsorted(order, genuine, "right")
    return float((below + upto).mean() / 2 / len(order))


def _cut(index: int, clip: Clip) -> Iterator[Piece]:
    count = int(len(clip.mouth) / clip.fps * _FPS)
    times = np.arange(count) / _FPS * clip.fps
    mouth = np.interp(times, np.arange(len(clip.mouth)), clip.mouth)
    level = np.interp(times, np.arange(len(clip.level)), clip.level)
    size = round(LENGTHS_S[0] * _FPS)
    for begin in range(0, count, size):
        one, other = mouth[begin : begin + size], level[begin : begin + size]
        if len(one) >= 0.9 * size:
            yield Piece(clip.speaker, index, _standard(one), _standard(other))


def _scores(cut: Sequence[Piece], count: int, seed: int) -> Scores:
    """Draws of `count` pieces of one speaker, with their own sound, with it shifted, with that of others."""
    random = np.random.default_rng(seed)
    rows: list[tuple[float, float, float]] = []
    clips: list[frozenset[int]] = []
    for _ in range(_DRAWS):
        speaker = cut[int(random.integers(len(cut)))].speaker if cut else ""
        own = [piece for piece in cut if piece.speaker == speaker]
        if len(own) < count:
            continue
        chosen = [own[int(i)] for i in random.choice(len(own), count, replace=False)]
        rows.append(_row(chosen, cut, random))
        clips.append(frozenset(piece.clip for piece in chosen))
    table = np.asarray(rows, np.float64).reshape(len(rows), 3)
    return Scores(table[:, 0], table[:, 1], table[:, 2], clips)


def _row(
    chosen: list[Piece], cut: Sequence[Piece], random: np.random.Generator
) -> tuple[float, float, float]:
    mouth = [piece.mouth for piece in chosen]
    own = [piece.level for piece in chosen]
    shifted = [_shifted(level, random) for level in own]
    others = _others(chosen, cut, random)
    swapped = _fit_all(mouth, others) if others else float("nan")
    return _fit_all(mouth, own), _fit_all(mouth, shifted), swapped


def _fit_all(mouths: list[Line], levels: list[Line]) -> float:
    """Of pieces one behind the other; each sound is cut or repeated to its mouth's length."""
    fitted = [np.resize(level, len(mouth)) for mouth, level in zip(mouths, levels, strict=True)]
    return fit(np.concatenate(mouths), np.concatenate(fitted))


def _shifted(level: Line, random: np.random.Generator) -> Line:
    """Later or earlier by 0.8 to 2 s, what falls off one end comes in at the other."""
    steps = round(float(random.uniform(*SHIFTS_S)) * _FPS)
    return np.roll(level, steps if random.random() < 0.5 else -steps)


def _others(chosen: list[Piece], cut: Sequence[Piece], random: np.random.Generator) -> list[Line]:
    """For each piece the sound of a piece of another clip, none twice; empty if there are too few."""
    for _ in range(20):
        order = random.permutation(len(cut))[: len(chosen)]
        picked = [cut[int(i)] for i in order]
        apart = all(a.clip != b.clip for a, b in zip(chosen, picked, strict=False))
        if len(picked) == len(chosen) and apart:
            return [piece.level for piece in picked]
    return []


def _interval(drawn: Scores, false: Line, clips: int, seed: int) -> tuple[float, float]:
    """Draw clips; a row counts if all its clips were drawn, as often as the rarest of them."""
    random = np.random.default_rng(seed)
    numbers = sorted(set().union(*drawn.clips))
    values = []
    for _ in range(_REPEATS):
        times = dict.fromkeys(numbers, 0)
        for number in random.choice(numbers, len(numbers)):
            times[int(number)] += 1
        weights = np.array([min(times[c] for c in row) for row in drawn.clips])
        values.append(area(np.repeat(drawn.genuine, weights), np.repeat(false, weights)))
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _lagged(mouth: Line, level: Line, lag: int) -> tuple[Line, Line]:
    if lag >= 0:
        return mouth[lag:], level[: len(level) - lag]
    return mouth[:lag], level[-lag:]


def _slope(line: Line) -> Line:
    """Change from value to value of the line smoothed over three."""
    smooth = np.convolve(np.pad(line, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    return np.asarray(np.gradient(smooth), np.float64)


def _correlation(one: Line, other: Line) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))


def _standard(values: NDArray[np.float64]) -> Line:
    """Mean 0, deviation 1: speakers and microphones differ."""
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))
