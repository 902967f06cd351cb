"""Visits played with embeddings decide as the terminal's own rule, frame by frame."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from evaluation.face.datasets import FacePicture, half, read_groups
from evaluation.face.visits import (
    ACCEPTED,
    CLERK,
    REFUSED,
    VisitScores,
    among,
    ends,
    ends_at_face,
    visit_bands,
    visit_frames,
    visit_rates,
    visit_scores,
)
from kiosk import settings
from kiosk.errors import SettingsError
from kiosk.model import FaceSeen, VerdictAnswer
from kiosk.settings import face_thresholds
from kiosk.visit.rules.face import judge_face
from tests.evaluation.face.test_rates import faces, people

LIMITS = settings.load().visit.face
THRESHOLDS = face_thresholds(settings.load())
LOOKS = range(LIMITS.min_frames, LIMITS.decide_frames + 1)


def scores(early, late) -> VisitScores:
    nobody = np.zeros(len(late), np.int64)
    return VisitScores(
        early=np.asarray(early, np.float32),
        late=np.asarray(late, np.float32),
        references=nobody,
        persons=nobody,
    )


def judged(mean: float, frames: int, *, last: bool = False) -> VerdictAnswer:
    seen = FaceSeen(at=0.0, seq=0, likeness_mean=mean, frames_good=frames)
    return judge_face(seen, LIMITS, THRESHOLDS, last=last).answer


def by_the_rule(early: np.ndarray, late: np.ndarray) -> int:
    """One visit as the stages go through it."""
    for looks, end in zip(early, late, strict=True):
        answers = [judged(float(mean), n) for n, mean in zip(LOOKS, looks, strict=True)]
        answer = next(a for a in answers if a is not VerdictAnswer.RETRY)
        if answer is VerdictAnswer.REVIEW:
            answer = judged(float(end), 99, last=True)
        if answer is not VerdictAnswer.REFUSE:
            return ACCEPTED if answer is VerdictAnswer.PASS else CLERK
    return REFUSED


def test_visits_end_as_the_terminals_rule_says():
    random = np.random.default_rng(3)
    early = random.uniform(0.2, 0.49, (400, LIMITS.tries, len(LOOKS))).astype(np.float32)
    late = random.uniform(0.2, 0.6, (400, LIMITS.tries)).astype(np.float32)
    found = ends(scores(early, late), THRESHOLDS)
    assert found.tolist() == [by_the_rule(e, end) for e, end in zip(early, late, strict=True)]
    assert set(found.tolist()) == {REFUSED, CLERK, ACCEPTED}


def test_without_the_challenge_an_uncertain_face_is_the_clerks():
    early, late = np.full((1, 3, 8), 0.42), np.full((1, 3), 0.6)
    assert ends(scores(early, late), THRESHOLDS).tolist() == [ACCEPTED]
    assert ends_at_face(scores(early, late), THRESHOLDS).tolist() == [CLERK]


def frames_of(pictures, rows, **changes):
    how = {
        "ranks": np.ones(len(pictures)),
        "good": np.ones(len(pictures), bool),
        "limits": LIMITS,
        "best": 8,
        "held": LIMITS.decide_frames,
        "seed": 1,
    }
    return visit_frames(pictures, rows, **{**how, **changes})


def test_a_picture_held_until_the_decision_is_all_that_the_face_is_judged_by():
    pictures = people(2, 2, 6)
    rows = faces(pictures, 0.7)
    frames = frames_of(pictures, rows)
    assert frames.early.shape == (24, LIMITS.tries, len(LOOKS), 64)
    assert frames.early[0, 0] == pytest.approx(np.tile(rows[0], (len(LOOKS), 1)), abs=1e-5)
    assert frames.early[0, 1, 0] == pytest.approx(rows[1], abs=1e-5), "the next try, the next picture"
    mean = rows[:6].mean(axis=0)
    late = frames.late[0, 0] @ (mean / np.linalg.norm(mean))
    assert late > 0.98, "all six pictures are in it, not only the first"


def test_varied_frames_accept_more_of_the_right_people():
    pictures = people(12, 2, 8)
    rows = faces(pictures, 1.3)
    played = visit_scores(pictures, rows, frames_of(pictures, rows))
    before = visit_rates(played, ends_at_face(played, THRESHOLDS), 1)
    after = visit_rates(played, ends(played, THRESHOLDS), 1)
    assert after.accepted.errors > before.accepted.errors
    assert after.accepted.trials == 12 * 2 * 8 * 8
    assert after.stranger_accepted.trials == 192 * 176
    assert after.accepted.low < after.accepted.errors / after.accepted.trials < after.accepted.high


def test_takes_without_good_frames_are_failures_to_acquire():
    pictures = people(2, 2, 6)
    good = np.ones(24, bool)
    good[:6] = False
    frames = frames_of(pictures, faces(pictures, 0.5), good=good)
    assert (frames.failed, frames.pools, len(frames.persons)) == (1, 4, 18)
    rows = faces(pictures, 0.5)
    nobody = frames_of(pictures, rows, good=np.zeros(24, bool))
    played = visit_scores(pictures, rows, nobody)
    assert visit_rates(played, ends(played, THRESHOLDS), 1).accepted.trials == 0


def test_one_loose_picture_is_left_out_to_compare_with():
    pictures = [FacePicture(path=Path(str(i)), person=i // 10, take=i, pool=i // 10) for i in range(20)]
    rows = faces(pictures, 0.5)
    played = visit_scores(pictures, rows, frames_of(pictures, rows))
    assert played.genuine.sum() == 20


def test_strangers_of_another_folder_are_not_compared():
    pictures = [
        FacePicture(path=Path(str(i)), person=i // 10, take=i // 5, pool=i // 5, source=i // 20)
        for i in range(40)
    ]
    rows = faces(pictures, 0.5)
    played = visit_scores(pictures, rows, frames_of(pictures, rows))
    assert set(zip(played.references.tolist(), played.persons.tolist(), strict=True)) == {
        (a, b) for folder in ((0, 1), (2, 3)) for a in folder for b in folder
    }


def test_a_higher_threshold_lets_fewer_strangers_in_and_shows_the_clerk_fewer():
    pictures = people(6, 2, 6)
    rows = faces(pictures, 1.2)
    played = visit_scores(pictures, rows, frames_of(pictures, rows))
    bands = visit_bands(played, THRESHOLDS, 1)
    for one, next_ in pairwise(bands):
        assert one.stranger_accepted.errors >= next_.stranger_accepted.errors
        assert one.stranger_clerk.errors >= next_.stranger_clerk.errors
        assert one.refused.errors <= next_.refused.errors


def test_groups_are_read_and_who_is_not_named_is_not_recorded(tmp_path):
    pictures = [
        FacePicture(path=Path(), person=i, take=i, pool=i, name=name)
        for i, name in enumerate(["a", "b", "c"])
    ]
    file = tmp_path / "groups.tsv"
    file.write_text("person\tsex\tage\na\tf\t60–69\nb\tm\t\nother\tf\t20–29\n", encoding="utf-8")
    assert read_groups(file, pictures) == {
        ("age", "60–69"): {0},
        ("age", "not recorded"): {1, 2},
        ("sex", "f"): {0},
        ("sex", "m"): {1},
        ("sex", "not recorded"): {2},
    }


@pytest.mark.parametrize("content", [b"name\tsex\na\tf\n", b"\xff\xfe", None])
def test_a_table_that_names_nobody_is_an_error(tmp_path, content):
    file = tmp_path / "groups.tsv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError):
        read_groups(file, [])


def test_a_group_is_compared_with_itself():
    pictures = people(4, 2, 6)
    rows = faces(pictures, 0.5)
    played = among(visit_scores(pictures, rows, frames_of(pictures, rows)), {0, 2})
    assert set(played.references.tolist()) == set(played.persons.tolist()) == {0, 2}
    rates = visit_rates(played, ends(played, THRESHOLDS), 1)
    assert rates.accepted.trials == 2 * 2 * 6 * 6
    assert rates.stranger_accepted.trials == 2 * 12 * 12


def test_each_person_is_in_one_half():
    pictures = people(5, 2, 3)
    one, other = half(pictures, 1), half(pictures, 2)
    assert {p.person for p in one} == {0, 2, 4}
    assert {p.person for p in other} == {1, 3}
    assert len(one) + len(other) == len(pictures)
