"""The terminal's one SQLite file: how it is opened, checked, migrated and written.

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
            receipt BLOB,                      -- central's last word, JSON
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
"""Step n brings the file from `user_version` n to n + 1, and commits together with that note."""

_BUGS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Not the disk's fault but ours: never dressed up as a device that failed."""


class Database:
    """The open file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or create; check the file; migrate. Raises OutboxError (OUTBOX_DAMAGED, OUTBOX_FULL)."""
        self._lock = threading.RLock()
        with _translated():
            _create(path)
            self._connection = sqlite3.connect(
                path, timeout=5.0, isolation_level=None, check_same_thread=False
            )
        try:
            with _translated():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when the block has ended, or, if anything was raised, not there at all.

        Raises OutboxError.
        """
        with self._lock, _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._undo()
                raise

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """Read. Raises OutboxError."""
        with self._lock, _translated():
            yield self._connection

    def scrub(self) -> None:
        """Fold the log into the file and empty it: erased bodies must not live on in old log pages.

        Where another process reads at this moment, the next call does it.
        """
        with self.look() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        answer = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if answer != "ok":
            raise OutboxError(Code.OUTBOX_DAMAGED, str(answer))
        self._migrate()

    def _migrate(self) -> None:
        while True:
            with self.change() as connection:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version > len(MIGRATIONS):
                    raise OutboxError(Code.OUTBOX_DAMAGED, f"written by a later program (schema {version})")
                if version == len(MIGRATIONS):
                    return
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")

    def _undo(self) -> None:
        # A full disk makes SQLite roll back by itself; then there is nothing left to undo.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _BUGS:
        raise
    except sqlite3.Error as error:
        raise OutboxError(_code(error), _detail(error)) from error
    except OSError as error:
        raise OutboxError(Code.OUTBOX_DAMAGED, error.strerror or type(error).__name__) from error


def _code(error: sqlite3.Error) -> Code:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return Code.OUTBOX_FULL if primary == sqlite3.SQLITE_FULL else Code.OUTBOX_DAMAGED


def _detail(error: sqlite3.Error) -> str:
    # Never the message of a constraint: it could one day quote a value.
    return str(getattr(error, "sqlite_errorname", type(error).__name__))


def _create(path: Path) -> None:
    """The file is the terminal's alone, and its name is on disk before anything is promised in it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
