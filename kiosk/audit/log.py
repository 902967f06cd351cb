"""The audit log on disk: one file that is only appended to.

Theory of operation. Every record is on disk when `append` returns: one `write`, then `fdatasync`. A visit has
some five records, none between the digits, so the milliseconds do not matter; without it the records nearest
to a power cut, which are those that matter afterwards, would be lost. Several processes may write (`kiosk
enrol` beside a running terminal): the file is locked, and its last line read again, for each record. A line
that a power cut tore was never reported as written; it is cut off, and that is recorded.

A record that cannot be written waits in memory and is tried again with the next. Meanwhile `fault` keeps the
terminal out of service: no customer is served without a record.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from kiosk.audit.record import FIRST, Record, RecordKind, decode, encode, refuse_personal
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, AuditError
from kiosk.files import make_private, open_private, sync_folder
from kiosk.model import Measures
from kiosk.settings import Settings
from kiosk.storage_faults import storage_code

FILE = "audit.log"
_LONGEST_LINE = 1 << 16
_MOST_WAITING = 10_000
LOCK_WAIT_S = 5.0
"""How long a record waits for another program that holds the file; then it waits in memory for the next."""
_LOCK_POLL_S = 0.05


class LogHead(Struct, frozen=True):
    """Position and hash of the last record. With a copy of it a later change of the log is found."""

    seq: int = 0
    hash: str = FIRST


def audit_log_path(settings: Settings) -> Path:
    """Return the path of this terminal's log."""
    return settings.path(settings.storage.folder) / "audit" / FILE


class AuditLog:
    """Safe to use from several threads and processes."""

    def __init__(
        self, path: Path, clock_unix: Callable[[], float] = time.time, lock_wait_s: float = LOCK_WAIT_S
    ) -> None:
        """Open nothing yet: the file is made by the first `append` or `head`."""
        self.path = path
        self._clock_unix = clock_unix
        self._lock_wait_s = lock_wait_s
        self._lock = threading.RLock()
        self._waiting: list[Record] = []  # without their places in the chain
        self._head = LogHead()
        self._size = -1
        self.fault = Code.OK
        """Why the last record could not be written."""

    def append(
        self,
        kind: RecordKind,
        code: Code = Code.OK,
        *,
        visit: str | None = None,
        actor: str | None = None,
        facts: Measures | None = None,
    ) -> bool:
        """Add a record and return whether it is on disk; if not, it waits and `fault` says why.

        An action that needs its record (a clerk's decision) must not go on then. Raises ValueError for what
        could be personal, which is a bug of the caller.
        """
        refuse_personal(visit, actor, facts or {})
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(self._record(kind, code, visit, actor, facts or {}))
            return self.flush()

    def flush(self) -> bool:
        """Write what waits and return whether everything is on disk; also tests whether that is possible."""
        with self._lock:
            try:
                with self._opened() as file:
                    while self._waiting:
                        self._write(file, self._waiting[0])
                        self._waiting.pop(0)
            except OSError as error:
                self.fault = storage_code(error, Code.AUDIT_UNWRITABLE)
            except AuditError as error:
                self.fault = error.code
            else:
                self.fault = Code.OK
            return self.fault is Code.OK

    def check(self, *, rewound: bool) -> Code:
        """Try to write what waits and return our own fault, else AUDIT_REWOUND if central says so.

        `rewound`: the log's head stands before one that central has kept.
        """
        self.flush()
        return Code.AUDIT_REWOUND if rewound and self.fault is Code.OK else self.fault

    @property
    def head(self) -> LogHead:
        """The head of what is on disk. Raises AuditError."""
        with self._lock:
            try:
                with self._opened():
                    return self._head
            except OSError as error:
                code = storage_code(error, Code.AUDIT_UNWRITABLE)
                raise AuditError(code, error.strerror or "") from None

    def _record(
        self, kind: RecordKind, code: Code, visit: str | None, actor: str | None, facts: Measures
    ) -> Record:
        return Record(
            seq=0,
            at_unix=round(self._clock_unix(), 3),
            kind=kind,
            previous="",
            code=code,
            visit=visit,
            actor=actor,
            facts=dict(facts),
        )

    def _write(self, file: int, record: Record) -> None:
        """Put the record at the end of the chain and on the disk."""
        seq = self._head.seq + 1
        line, digest = encode(replace(record, seq=seq, previous=self._head.hash))
        try:
            if os.write(file, line) != len(line):
                raise OSError("disk full in the middle of a record")
            os.fdatasync(file)
        except OSError:
            os.ftruncate(file, self._size)  # half a record of ours is no record
            raise
        self._size += len(line)
        self._head = LogHead(seq, digest)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Lock the file, find its head, and give the descriptor. Raises OSError, AuditError."""
        make_private(self.path.parent)
        new = not self.path.exists()
        file = open_private(self.path, os.O_RDWR | os.O_APPEND)
        try:
            self._hold(file)
            if new:
                sync_folder(self.path.parent)
            self._find_head(file)
            yield file
        finally:
            os.close(file)

    def _hold(self, file: int) -> None:
        """Lock the file. Raises BlockingIOError if somebody else holds it too long."""
        until = time.monotonic() + self._lock_wait_s
        while True:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise
                time.sleep(_LOCK_POLL_S)

    def _find_head(self, file: int) -> None:
        """Read the last line unless the file has kept its size; cut off what a power cut tore."""
        size = os.fstat(file).st_size
        if size == self._size:
            return
        tail = os.pread(file, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        whole, _, torn = tail.rpartition(b"\n")
        last = whole.rpartition(b"\n")[2]
        try:
            found = decode(last) if last else None
        except ValueError as error:
            raise AuditError(Code.AUDIT_DAMAGED, str(error)) from None
        self._head = LogHead(found.record.seq, found.hash) if found else LogHead()
        self._size = size - len(torn)
        if torn:
            os.ftruncate(file, self._size)
            facts: Measures = {"bytes": len(torn), "sha256": sha256(torn).hexdigest()}
            self._write(file, self._record(RecordKind.AUDIT_RECOVERED, Code.OK, None, None, facts))


def newest_unix(path: Path) -> float:
    """Return when the last whole record of a log was made; 0 if there is none that can be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LONGEST_LINE))
            whole = file.read().rpartition(b"\n")[0]
        return decode(whole.rpartition(b"\n")[2]).record.at_unix
    except (OSError, *UNREADABLE):
        return 0.0


def set_aside(path: Path, at_unix: float) -> Path:
    """Rename a damaged log, so that a new one can begin, and return its new path. Raises OSError."""
    kept = path.with_name(f"{path.name}.damaged-{int(at_unix)}")
    path.rename(kept)
    sync_folder(path.parent)
    return kept
