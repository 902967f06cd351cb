"""The database: SQLite by default (a commit returns when it is on disk), PostgreSQL by `DATABASE_URL`."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from central import metrics
from central.codes import Code
from central.exceptions import Problem
from central.storage import schema

log = logging.getLogger(__name__)

_PRAGMAS = (
    "synchronous=FULL",  # WAL with NORMAL may lose commits that were already reported, on power loss
    "foreign_keys=ON",
    "secure_delete=ON",  # an erased body is overwritten, not only unlinked
    "busy_timeout=10000",
)
_WAL_S = 1.0
"""How long others may be making the file at the same time."""


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


_RETRY_S = 5.0
_MIGRATION_LOCK = 0x63656E7472616C  # "central"; advisory locks of PostgreSQL are numbers
# SQLite: its primary codes. PostgreSQL: SQLSTATEs, or the classes that are their first two characters.
# 23514: a part of the table was made between the choice of the part for a row and its insertion.
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, "23514", "40001", "40P01", "55P03", "57014"})
_FULL = frozenset({sqlite3.SQLITE_FULL, "53100"})
_READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, "25006"})
_OUT = frozenset(
    {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL}
)
_OUT_CLASSES = frozenset({"08", "53", "57", "58"})
"""Connection, resources, intervention of an operator (shutdown, start), system error (I/O)."""


def is_duplicate(error: IntegrityError) -> bool:
    """Return whether a row was refused because its key is there already."""
    duplicates = (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE)
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in duplicates or getattr(error.orig, "sqlstate", None) == "23505"


def storage_problem(error: Exception) -> Problem | None:
    """Return the problem 503 of a database that cannot serve now; None for any other error.

    Busy passes by itself; the others need an operator and are logged. The result of a commit that failed is
    unknown: a caller repeats the same request, and its number finds what was stored.
    """
    if isinstance(error, PoolTimeout):
        metrics.POOL_EXHAUSTED.inc()
        return Problem(503, Code.CENTRAL_BUSY, "no free connection to the database", retry_after_s=_RETRY_S)
    if not isinstance(error, DBAPIError):
        return None
    number = getattr(error.orig, "sqlite_errorcode", None)
    code = getattr(error.orig, "sqlstate", None) if number is None else number & 0xFF
    if code in _BUSY:
        return Problem(503, Code.CENTRAL_BUSY, "another program holds the database", retry_after_s=_RETRY_S)
    if (detail := _outage(error, code)) is None:
        return None
    log.error("%s (%s)", detail, code or "no connection")
    return Problem(503, Code.CENTRAL_FAULT, detail, retry_after_s=_RETRY_S)


def _outage(error: DBAPIError, code: int | str | None) -> str | None:
    if code in _FULL:
        return "the disk of the database is full"
    if code in _READ_ONLY:
        return "the database is read-only: check its disk and rights, or whether it is a standby"
    # A connection that could not be made, or broke, has no SQLSTATE.
    lost = code is None and isinstance(error, OperationalError)
    if lost or error.connection_invalidated or code in _OUT or str(code)[:2] in _OUT_CLASSES:
        return "the database does not answer"
    return None


class SchemaError(Exception):
    """The database has not the tables of this release; the text says what to do."""


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to `revision` ("base": none), in one transaction, one program at a time.

    Raises SchemaError if the database has the tables of a later release.
    """
    config = _alembic()
    with _migrating(engine) as connection:
        config.attributes["connection"] = connection
        step = command.downgrade if revision == "base" else command.upgrade
        try:
            step(config, revision)
        except CommandError:  # alembic does not know the revision from which it is to start
            raise _later_release(connection) from None


def create_tables(engine: Engine) -> None:
    """Make the tables of an empty database. Raises SchemaError if it has those of another release."""
    with engine.connect() as connection:
        is_empty = _revision(connection) is None
    if is_empty:
        migrate(engine)  # of programs that come at once, the second finds nothing to do
    check_schema(engine)


def check_schema(engine: Engine) -> None:
    """Raise SchemaError unless this program can work with the database's tables, see `schema`."""
    known, head = schema.revisions()
    with engine.connect() as connection:
        found = _revision(connection)
        if found == head:
            return
        if found is None:
            raise SchemaError("the database is empty: run `central init`")
        if found in known:
            raise SchemaError(
                f"the database has the tables of an earlier release ({found}): run `central migrate`"
            )
        if not schema.is_later(found, head):
            raise _later_release(connection)
    log.warning("the database has the tables of a later release (%s), which serve this one too", found)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _later_release(connection: Connection) -> SchemaError:
    found = _revision(connection)
    return SchemaError(
        f"the database has the tables of a later release ({found}): use that release's programs"
    )


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only one program at a time can have."""
    with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        yield connection


def _engine(url: str) -> Engine:
    # Parameters may be personal, so they never enter an exception's text.
    # All are kept: a connection that is made for one transaction costs PostgreSQL a new process each time.
    common: dict[str, Any] = {"hide_parameters": True, "pool_size": 40, "max_overflow": 0}
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        # `postgresql://…`, as hosts give it, means the driver that the extra "postgresql" brings.
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        from central.storage import postgresql  # its driver is an extra

        return postgresql.engine(address, **common)
    engine = create_engine(url, **common)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions by itself
    _use_wal(connection)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: Any) -> None:
    """Keep the log beside the file. Of programs that make it at once SQLite refuses one without waiting."""
    until = time.monotonic() + _WAL_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
