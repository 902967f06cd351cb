"""The short form of `make torture`: a sample of each part; nothing is lost, doubled or left open."""

from pathlib import Path

import pytest

from tests.torture.drain import drain
from tests.torture.parts import ALL
from tests.torture.point_selection import PointSelection
from tests.torture.system import FinalState, SystemUnderTest

SAMPLE = {
    "terminal killed": 23,
    "central killed": 47,
    "line cut": 17,
    "terminal's disk full": 37,
    "central's disk full": 7,
    "outbox spoilt": 19,
    "log spoilt": 11,
    "older copy": 4,
    "clock set": 13,
}
"""Every n-th point is tried."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory):
    made = SystemUnderTest(tmp_path_factory.mktemp("torture"))
    yield made
    made.close()


def test_every_part_is_sampled() -> None:
    assert set(SAMPLE) == set(ALL)


@pytest.mark.parametrize("part", SAMPLE)
def test_every_promise_is_kept_exactly_once(system: SystemUnderTest, part: str) -> None:
    ends = list(ALL[part](system, PointSelection(every=SAMPLE[part])))
    assert ends
    assert [end for end in ends if not end.good] == []
    for end in ends:
        if end.state == "delivered":
            assert end.credentials == 1, end
        if not end.promised and end.state == "none":
            assert end.credentials == 0, end


def test_a_judge_that_could_not_fail_would_be_no_judge() -> None:
    kept = FinalState("x", "V", promised=True, credentials=1, state="delivered")
    assert kept.good
    assert FinalState("x", "V", promised=True, credentials=0, state="none").lost
    assert FinalState("x", "V", promised=True, credentials=0, state="delivered").lost
    assert FinalState("x", "V", promised=True, credentials=2, state="delivered").doubled
    assert FinalState("x", "V", promised=True, credentials=1, state="waiting").open
    assert not FinalState("x", "V", promised=True, credentials=0, state="wedged", code="outbox.damaged").lost


def test_points_in_pieces() -> None:
    whole = [n for n, _ in PointSelection().of("abcdefgh")]
    first, rest = PointSelection(last=3).of("abcdefgh"), PointSelection(first=4).of("abcdefgh")
    assert [n for n, _ in (*first, *rest)] == whole == list(range(1, 9))
    assert list(PointSelection(every=3, first=2, done=frozenset({5})).of("abcdefgh")) == [(2, "b"), (8, "h")]


def test_what_waits_drains_once_each(tmp_path: Path) -> None:
    drain_report = drain(tmp_path, 200)
    assert drain_report.good, drain_report
