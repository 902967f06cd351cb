"""Empty databases to measure with: SQLite files, or a private PostgreSQL cluster, each commit on disk."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import sql

from benchmarks.central.servers import Databases
from central.storage.private_cluster import ROLE, SUPERUSER, PrivateCluster

PREFIX = "bench_"
"""The cluster has a database `central` of its own."""
STATISTICS_S = 1.5
"""PostgreSQL's processes report what they did once a second."""


class _SqliteFiles(Struct, frozen=True):
    folder: Path
    postmaster: None = None

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.sqlite3"


class Postgresql(Struct, frozen=True):
    """Databases on a running cluster."""

    cluster: PrivateCluster

    @property
    def postmaster(self) -> int:
        """Return the number of PostgreSQL's first process."""
        return int((self.cluster.folder / "postmaster.pid").read_text().split()[0])

    def url(self, name: str) -> str:
        """Make a database; return its URL."""
        name = f"{PREFIX}{name}"
        statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(ROLE))
        with self.cluster.connect(SUPERUSER, SUPERUSER) as connection:
            connection.execute(statement)
        return self.cluster.url(name)

    def connect(self, name: str) -> "psycopg.Connection[Any]":
        """Return a superuser's connection to a database, on which each statement commits."""
        return self.cluster.connect(f"{PREFIX}{name}", SUPERUSER)

    def wal(self) -> "Wal":
        """Return what the write-ahead log has taken so far."""
        time.sleep(STATISTICS_S)
        query = "SELECT wal_bytes, wal_sync FROM pg_stat_wal"
        with self.cluster.connect(SUPERUSER, SUPERUSER) as connection:
            found = connection.execute(query).fetchone()
        return Wal(*map(int, found or (0, 0)))


class Wal(Struct, frozen=True):
    """Written to the write-ahead log; `syncs`: how often it was forced to the disk."""

    bytes: int
    syncs: int


@contextmanager
def postgresql(folder: Path) -> Iterator[Postgresql]:
    """Run a cluster in the new `folder` for as long as the block runs."""
    with PrivateCluster(folder) as cluster:
        yield Postgresql(cluster)


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Databases]:
    """Provide empty databases of this engine below the new `folder`, for as long as the block runs."""
    if engine == "postgresql":
        with postgresql(folder) as made:
            yield made
    else:
        folder.mkdir(parents=True)
        yield _SqliteFiles(folder)
