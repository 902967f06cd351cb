"""Open, check, migrate and write the terminal's one SQLite file.

Every write is a transaction that is on disk when it returns (WAL with `synchronous=FULL`; WAL with NORMAL
may lose committed rows at a power cut). One connection, one lock: a transaction takes milliseconds, and no
network call is ever made inside one.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.files import OTHERS_WRITE, make_private, narrow, open_private, sync_folder
from kiosk.storage_faults import is_read_only, storage_code

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
    (
        # Challenges that lie readable are thrown away; central gives others.
        "DROP TABLE challenges",
        """
        CREATE TABLE challenges (
            id TEXT PRIMARY KEY,               -- SHA-256 of the challenge's own: colours follow from that
            key TEXT NOT NULL,                 -- which key it is sealed with
            sealed BLOB NOT NULL,              -- nonce, AES-256-GCM of the token
            received_unix REAL NOT NULL,
            expires_unix REAL NOT NULL,
            taken INTEGER NOT NULL DEFAULT 0   -- kept until it expires, so it cannot come in twice
        ) STRICT
        """,
    ),
    # An earlier request of the same person, which must arrive first: nothing else tells who is the same.
    ("ALTER TABLE requests ADD COLUMN after TEXT",),
    # When it was put, by CLOCK_BOOTTIME, and by which start of the machine: a wrong clock is measured later.
    ("ALTER TABLE requests ADD COLUMN boot TEXT", "ALTER TABLE requests ADD COLUMN boot_s REAL"),
)
"""Step n brings the file from `user_version` n to n + 1 and commits together with the new `user_version`."""

BUSY_WAIT_S = 15.0
"""How long a transaction waits for another program that holds the file, such as a backup."""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
"""What SQLite says on a read-only file system, and not only there."""

_BUGS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Errors of this program, not of the disk: never reported as a device that failed."""


class Database:
    """The open file. Safe to use from several threads."""

    def __init__(self, path: Path, busy_wait_s: float = BUSY_WAIT_S) -> None:
        """Open or create, check and migrate the file.

        Raises OutboxError (OUTBOX_DAMAGED, OUTBOX_FULL, STORAGE_BUSY, STORAGE_READ_ONLY).
        """
        self._lock = threading.RLock()
        self._path = path
        with translated_errors(path):
            _create(path)
            self._connection = sqlite3.connect(
                path, timeout=busy_wait_s, isolation_level=None, check_same_thread=False
            )
        try:
            with translated_errors(path):
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block as one transaction: on disk when it has ended, rolled back if anything was raised.

        Raises OutboxError.
        """
        with self._lock, translated_errors(self._path):
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
        with self._lock, translated_errors(self._path):
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
def translated_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the file system about the file `path` into OutboxError."""
    try:
        yield
    except _BUGS:
        raise
    except sqlite3.Error as error:
        # The error's name, never its message: that of a constraint could one day quote a value.
        name = str(getattr(error, "sqlite_errorname", type(error).__name__))
        raise OutboxError(_sqlite_code(error, path), name) from error
    except OSError as error:
        code = storage_code(error, Code.OUTBOX_DAMAGED)
        raise OutboxError(code, error.strerror or type(error).__name__) from error


def _sqlite_code(error: sqlite3.Error, path: Path) -> Code:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return Code.OUTBOX_FULL
    if primary in _BUSY:
        return Code.STORAGE_BUSY
    if primary == sqlite3.SQLITE_READONLY or (primary in _UNWRITABLE and is_read_only(path.parent)):
        return Code.STORAGE_READ_ONLY
    return Code.OUTBOX_DAMAGED


def _create(path: Path) -> None:
    """Create the file, for this user alone; its directory entry is on disk before any row is."""
    make_private(path.parent, OTHERS_WRITE)
    os.close(open_private(path, os.O_RDWR))
    for beside in ("-wal", "-shm"):  # SQLite gives them the file's mode, but only when it makes them
        with suppress(FileNotFoundError):
            narrow(path.with_name(path.name + beside))
    sync_folder(path.parent)
