"""Counting comparisons: against brute force, and what an interval must show."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.face.comparisons import (
    FRAMES,
    Comparisons,
    compare,
    frame_means,
    single_frames,
)
from evaluation.face.datasets import FacePicture, find
from evaluation.face.rates import ScoreHistogram, comparison_rates


def people(count: int, takes: int, frames: int) -> list[FacePicture]:
    return [
        FacePicture(path=Path(f"{p}-{t}-{f}"), person=p, take=p * takes + t, pool=p * takes + t)
        for p in range(count)
        for t in range(takes)
        for f in range(frames)
    ]


def faces(pictures: list[FacePicture], noise: float, seed: int = 1) -> np.ndarray:
    """Each person a direction of their own, each picture beside it."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((1 + max(p.person for p in pictures), 64))
    rows = np.array([centres[p.person] + noise * random.standard_normal(64) for p in pictures])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_pictures_of_one_take_are_never_compared():
    pictures = people(3, 2, 4)
    rows = faces(pictures, 0.5)
    trials = compare(pictures, rows, single_frames(pictures, rows), seed=1)
    assert trials.genuine.sum() == 3 * (4 * 4 * 2)
    assert (~trials.genuine).sum() == 24 * 16


def test_one_take_alone_gives_no_genuine_comparison():
    pictures = people(2, 1, 6)
    rows = faces(pictures, 0.5)
    trials = compare(pictures, rows, single_frames(pictures, rows), seed=1)
    assert trials.genuine.sum() == 0
    assert comparison_rates(trials, 1).fmrs[0].fnmr.value is None
    assert comparison_rates(trials, 1).eer is None


def test_a_mean_holds_no_frame_of_the_references_take():
    pictures = people(2, 2, 7)
    rows = faces(pictures, 0.5)
    probes = frame_means(pictures, rows, seed=1)
    assert probes.takes.shape[1] == FRAMES
    assert all(len(set(row)) == 1 for row in probes.takes)
    trials = compare(pictures, rows, probes, seed=1)
    assert trials.genuine.sum() == 7 * len(probes.vectors), "the other take's seven references"


def test_loose_pictures_are_takes_of_their_own_and_share_a_pool():
    pictures = [FacePicture(path=Path(str(i)), person=i // 10, take=i, pool=i // 10) for i in range(20)]
    rows = faces(pictures, 0.5)
    probes = frame_means(pictures, rows, seed=1)
    trials = compare(pictures, rows, probes, seed=1)
    assert trials.genuine.sum() == 5 * len(probes.vectors), "five of ten are in the mean"


def test_the_mean_of_five_is_steadier_than_one():
    pictures = people(6, 2, 8)
    rows = faces(pictures, 1.2)
    one = compare(pictures, rows, single_frames(pictures, rows), seed=1)
    five = compare(pictures, rows, frame_means(pictures, rows, seed=1), seed=1)
    assert np.median(five.scores[five.genuine]) > np.median(one.scores[one.genuine]) + 0.1


def test_pictures_without_an_embedding_are_in_no_comparison():
    pictures = people(2, 2, 6)
    rows = faces(pictures, 0.5)
    gaps = rows.copy()
    gaps[0] = np.nan
    assert len(compare(pictures, gaps, single_frames(pictures, rows), 1).scores) == 24 * 24 - 24 * 6 - (
        24 - 6
    )
    trials = compare(pictures, rows, single_frames(pictures, gaps), 1)
    assert np.isfinite(trials.scores).all()
    assert np.isfinite(frame_means(pictures, gaps, 1).vectors).all()


def drawn(genuine: np.ndarray, impostors: np.ndarray) -> Comparisons:
    scores = np.concatenate([genuine, impostors]).astype(np.float32)
    mine = np.arange(len(scores)) % 7
    return Comparisons(scores, mine, np.where(np.arange(len(scores)) < len(genuine), mine, mine + 1))


@pytest.mark.parametrize("threshold", [0.30, 0.363, 0.40, 0.55])
def test_rates_at_thresholds_are_counts(threshold):
    random = np.random.default_rng(3)
    genuine, impostors = random.normal(0.5, 0.1, 400), random.normal(0.1, 0.12, 5000)
    fmr, fnmr = ScoreHistogram(drawn(genuine, impostors)).curve().at(threshold)
    assert fmr == pytest.approx(np.mean(impostors >= threshold), abs=2e-3)
    assert fnmr == pytest.approx(np.mean(genuine < threshold), abs=5e-3)


def test_a_likeness_that_equals_the_threshold_is_accepted():
    trials = drawn(np.full(10, 0.40), np.full(10, 0.40))
    assert ScoreHistogram(trials).curve().at(0.40) == (1.0, 0.0)
    assert ScoreHistogram(trials).curve().at(0.4005) == (0.0, 1.0)


def test_fnmr_at_an_fmr_takes_the_lowest_threshold_that_keeps_it():
    impostors = np.concatenate([np.full(999, 0.1), [0.35]])
    genuine = np.concatenate([np.full(50, 0.3), np.full(50, 0.5)])
    found = comparison_rates(drawn(genuine, impostors), 1)
    at = {round(1 / one.fmr): one for one in found.fmrs}
    assert at[1000].fnmr.errors == 0
    assert at[10000].fnmr.errors == 50
    assert at[1000].threshold == pytest.approx(0.1, abs=1e-3)
    assert not at[10000].supported


def test_equal_error_rate_of_two_overlapping_distributions():
    """Two normal distributions two deviations apart cross at Φ(−1)."""
    random = np.random.default_rng(5)
    found = comparison_rates(drawn(random.normal(0.4, 0.1, 20_000), random.normal(0.2, 0.1, 20_000)), 1)
    assert found.eer == pytest.approx(0.1587, abs=0.006)
    assert found.eer_interval[0] < found.eer < found.eer_interval[1]


def test_intervals_draw_people_not_comparisons():
    """One of six people is never recognised: 1 in 6, but six people do not determine it to a per mille."""
    persons = np.repeat(np.arange(6), 500)
    genuine = np.where(persons == 0, 0.2, 0.6)
    trials = Comparisons(
        np.concatenate([genuine, np.full(3000, 0.0)]).astype(np.float32),
        np.concatenate([persons, persons]),
        np.concatenate([persons, (persons + 1) % 6]),
    )
    at = next(one for one in comparison_rates(trials, 1).thresholds if one.threshold == 0.40)
    assert at.fnmr.value == pytest.approx(1 / 6)
    assert at.fnmr.low == 0
    assert at.fnmr.high > 0.3


def test_no_errors_is_not_certainty():
    found = comparison_rates(drawn(np.full(20, 0.9), np.full(20, 0.0)), 1)
    assert found.thresholds[3].fnmr.high > 0.1


def test_folders_give_person_take_and_pool(tmp_path):
    for name in (
        "a/1/x.jpg",
        "a/1/y.jpg",
        "a/2/x.jpg",
        "b/x.jpg",
        "b/y.jpg",
        "loose.jpg",
        "a/1/.z.jpg",
        "a/n.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found, skipped = find([tmp_path])
    assert skipped == {"in no person's folder": 1}
    assert len(found) == 5
    assert len({p.person for p in found}) == 2
    assert len({p.take for p in found}) == 4
    assert len({p.pool for p in found}) == 3


def test_frames_of_a_take_come_in_the_order_of_their_numbers(tmp_path):
    (tmp_path / "a" / "1").mkdir(parents=True)
    for number in (127, 28, 0, 1000):
        (tmp_path / "a" / "1" / f"x_{number}.jpg").touch()
    assert [p.path.stem for p in find([tmp_path])[0]] == ["x_0", "x_28", "x_127", "x_1000"]


def test_people_of_two_folders_are_told_apart(tmp_path):
    for folder in ("one", "other"):
        (tmp_path / folder / "a").mkdir(parents=True)
        (tmp_path / folder / "a" / "x.jpg").touch()
    found, _ = find([tmp_path / "one", tmp_path / "other"])
    assert [(p.source, len({q.person for q in found})) for p in found] == [(0, 2), (1, 2)]


def test_attacks_beside_live_are_not_read(tmp_path):
    for name in ("live/a/1/x.jpg", "live/b/1/x.jpg", "print/a/1/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert len(find([tmp_path])[0]) == 2
