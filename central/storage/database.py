"""The database: SQLite by default (a commit returns when it is on disk), PostgreSQL by `DATABASE_URL`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # WAL with NORMAL may lose commits that were already reported, on power loss
    "foreign_keys=ON",
    "secure_delete=ON",  # an erased body is overwritten, not only unlinked
    "busy_timeout=10000",
)


class Database:
    """Sessions over one engine. `write` takes SQLite's write lock at once, so it never fails half-way."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(begin="BEGIN IMMEDIATE")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for reading."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that commits at the end and rolls back on an exception."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def scrub(self) -> None:
        """Remove erased rows from SQLite's log too; while another connection reads, the next call does it."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.rollback()  # a checkpoint is no part of a transaction
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to `revision` ("base": none), in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        step = command.downgrade if revision == "base" else command.upgrade
        step(config, revision)


def _engine(url: str) -> Engine:
    # Parameters may be personal, so they never enter an exception's text.
    common: dict[str, Any] = {"hide_parameters": True, "pool_size": 8, "max_overflow": 32}
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        # `postgresql://…`, as hosts give it, means the driver that the extra "postgresql" brings.
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        return create_engine(address, pool_pre_ping=True, **common)
    engine = create_engine(url, **common)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions by itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
