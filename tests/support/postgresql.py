"""PostgreSQL for tests: one private cluster for each worker of a run, and fresh databases on it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from central.storage.database import Database, migrate
from central.storage.private_cluster import ROLE, SUPERUSER, PrivateCluster, installed

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""No power is cut in these tests."""
_MIGRATED = "migrated"


class PostgresqlForTests(PrivateCluster):
    """A running cluster that gives `fresh` databases."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, QUICK)
        self._has_template = False

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        """Return the URL of a new database, with central's tables or empty; it is dropped at the end."""
        if migrated and not self._has_template:
            self._create(_MIGRATED, "template0")
            database = Database(self.url(_MIGRATED))
            migrate(database.engine)
            database.close()
            self._has_template = True
        name = f"test-{uuid.uuid4().hex}"
        self._create(name, _MIGRATED if migrated else "template0")
        try:
            yield self.url(name)
        finally:
            with self.connect(SUPERUSER, SUPERUSER) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self.connect(SUPERUSER, SUPERUSER) as connection:
            connection.execute(statement.format(*map(sql.Identifier, (name, ROLE, template))))


def need_postgresql() -> None:
    """Skip the test where Debian's package cannot be had; where it is only missing, the test fails."""
    if not installed() and not Path("/etc/debian_version").exists():
        pytest.skip("PostgreSQL's server programs are not installed, and this is no Debian")


@contextmanager
def running_postgresql(folder: Path) -> Iterator[PostgresqlForTests]:
    """Run a cluster below `folder`."""
    need_postgresql()
    with PostgresqlForTests(folder / "postgresql") as cluster:
        yield cluster
