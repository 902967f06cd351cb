"""A short restore drill; `make restore-drill` is the long one."""

import shutil
from pathlib import Path

import pytest

from central.storage.private_cluster import installed
from tests.restore.drill import drill


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_terminals_that_are_ahead_of_a_restored_central_are_reconciled(tmp_path: Path) -> None:
    if not installed() or shutil.which("pg_dump") is None:
        pytest.skip("PostgreSQL is not installed")
    done = drill(tmp_path, 1)
    assert done.good, done
    assert (done.before, done.recovered, done.reported, done.told_lost) == (1, 2, 1, 1)
