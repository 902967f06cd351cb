"""Open, check, migrate and write the terminal's one SQLite file.

Every write is a transaction that is on disk when it returns (WAL with `synchronous=FULL`; WAL with NORMAL
may lose committed rows at a power cut). One connection, one lock: a transaction takes milliseconds, and no
network call is ever made inside one.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.codes import Code
from kiosk.errors import OutboxError

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE requests (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'pending', 'delivered', 'wedged')),
            put_unix REAL NOT NULL,
            digest BLOB NOT NULL,              -- SHA-256 of the body
            body BLOB,                         -- erased together with the arrival of the receipt
            sent INTEGER NOT NULL DEFAULT 0,   -- 1: a send was begun, so central may have it
            tries INTEGER NOT NULL DEFAULT 0,  -- since it last went well
            tried_unix REAL NOT NULL,          -- when not_before was set
            not_before REAL NOT NULL,
            code TEXT,                         -- what went wrong last
            receipt BLOB,                      -- central's newest receipt, JSON
            settled_unix REAL,
            CHECK (body IS NOT NULL OR state <> 'waiting'),
            CHECK (body IS NULL OR state IN ('waiting', 'wedged')),
            CHECK (receipt IS NOT NULL OR state NOT IN ('pending', 'delivered'))
        ) STRICT
        """,
        "CREATE INDEX requests_due ON requests (state, not_before)",
        """
        CREATE TABLE challenges (
            id TEXT PRIMARY KEY,
            token TEXT NOT NULL,
            expires_unix REAL NOT NULL,
            taken INTEGER NOT NULL DEFAULT 0   -- kept until it expires, so it cannot come in twice
        ) STRICT
        """,
        "CREATE TABLE heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), at_unix REAL NOT NULL) STRICT",
    ),
    ("CREATE TABLE contact (one INTEGER PRIMARY KEY CHECK (one = 1), at_unix REAL NOT NULL) STRICT",),
)
"""Step n brings the file from `user_version` n to n + 1 and commits together with the new `user_version`."""

_BUGS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Errors of this program, not of the disk: never reported as a device that failed."""


class Database:
    """The open file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or create, check and migrate the file. Raises OutboxError (OUTBOX_DAMAGED, OUTBOX_FULL)."""
        self._lock = threading.RLock()
        with _translated_errors():
            _create(path)
            self._connection = sqlite3.connect(
                path, timeout=5.0, isolation_level=None, check_same_thread=False
            )
        try:
            with _translated_errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block as one transaction: on disk when it has ended, rolled back if anything was raised.

        Raises OutboxError.
        """
        with self._lock, _translated_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk makes SQLite roll back by itself
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for reading. Raises OutboxError."""
        with self._lock, _translated_errors():
            yield self._connection

    def scrub(self) -> None:
        """Fold the write-ahead log into the file and truncate it: erased bodies must not stay in old pages.

        If another process is reading at this moment, the next call does it.
        """
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        problem = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if problem != "ok":
            raise OutboxError(Code.OUTBOX_DAMAGED, str(problem))
        self._migrate()

    def _migrate(self) -> None:
        while True:
            with self.transaction() as connection:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version > len(MIGRATIONS):
                    raise OutboxError(Code.OUTBOX_DAMAGED, f"written by a later program (schema {version})")
                if version == len(MIGRATIONS):
                    return
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn errors of SQLite and of the file system into OutboxError."""
    try:
        yield
    except _BUGS:
        raise
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        code = Code.OUTBOX_FULL if primary == sqlite3.SQLITE_FULL else Code.OUTBOX_DAMAGED
        # The error's name, never its message: that of a constraint could one day quote a value.
        raise OutboxError(code, str(getattr(error, "sqlite_errorname", type(error).__name__))) from error
    except OSError as error:
        raise OutboxError(Code.OUTBOX_DAMAGED, error.strerror or type(error).__name__) from error


def _create(path: Path) -> None:
    """Create the file, for this user alone; its directory entry is on disk before any row is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
