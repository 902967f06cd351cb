"""The short form of `python -m tests.torture --database postgresql`: a sample of each part."""

from contextlib import closing
from pathlib import Path

import pytest

from central.storage.private_cluster import installed
from tests.torture.point_selection import PointSelection
from tests.torture.postgresql import POSTGRESQL, WITH_SMALL_DISK, WITH_STANDBY, TwoCentrals
from tests.torture.system import FinalState

NO_POWER_CUT = {"fsync": "off", "full_page_writes": "off"}
SAMPLE = {
    "one of two killed": PointSelection(every=12, first=6),
    "database line cut": PointSelection(every=35, first=20, last=120),
    "connections ended": PointSelection(every=12, first=4),
    "database crashed": PointSelection(every=14, first=8),
    "standby promoted": PointSelection(every=16, first=10),
}
"""A visit has some 40 points at central."""

pytestmark = pytest.mark.skipif(not installed(), reason="PostgreSQL's server programs are not installed")


def test_every_part_is_sampled() -> None:
    assert set(SAMPLE) | WITH_SMALL_DISK == set(POSTGRESQL)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("standby", [False, True])
def test_two_centrals_keep_every_promise_exactly_once(tmp_path: Path, standby: bool) -> None:
    """All parts in one test, because the servers take long to start."""
    with closing(TwoCentrals(tmp_path, NO_POWER_CUT, standby=standby)) as system:
        parts = [name for name in SAMPLE if (name in WITH_STANDBY) is standby]
        for name in parts:
            ends = list(POSTGRESQL[name](system, SAMPLE[name]))
            assert len(ends) > 1, name
            assert [end for end in ends if not end.good] == []
            assert all(end.credentials == 1 for end in ends if end.state == "delivered")


def test_a_receipt_that_central_does_not_have_is_a_contradiction() -> None:
    end = FinalState("x", "V", promised=True, credentials=1, state="delivered", contradicted=True)
    assert not end.good
