"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.postgresql import PostgresqlForTests


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlForTests]:
    """Run a PostgreSQL cluster; `with postgresql.fresh() as url:` makes a database with central's tables."""
    from tests.support.postgresql import running_postgresql  # tests of the terminal need no driver

    with running_postgresql(tmp_path_factory.mktemp("postgresql")) as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql: PostgresqlForTests) -> Iterator[str]:
    """Return the URL of a fresh PostgreSQL database with central's tables."""
    with postgresql.fresh() as url:
        yield url
