"""The log on disk: one file, appended to, never written over.

Every record is on disk when `append` returns: one `write`, then `fdatasync`. There are some five records a
visit, none between the digits, so the milliseconds cost nobody anything; without it the records nearest
to a power cut, which are the ones that somebody will ask about, would be the ones that are lost.

A record that cannot be written waits in memory, is tried again with the next, and meanwhile `fault` keeps the
terminal out of service: nobody is served unrecorded.
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

from kiosk.audit.record import FIRST, RecordKind, HashedRecord, Record, decode, encode, refuse_personal
from kiosk.codes import Code
from kiosk.errors import AuditError
from kiosk.model import Measures
from kiosk.settings import Settings

FILE = "audit.log"
_TAIL = 1 << 16
"""No line is longer."""
_WAITING = 10_000


class LogHead(Struct, frozen=True):
    """The last record: place and hash. Whoever keeps it can tell later whether the log was changed."""

    seq: int = 0
    hash: str = FIRST


class _Waiting(Struct, frozen=True):
    at_unix: float
    kind: RecordKind
    code: Code
    visit: str | None
    actor: str | None
    facts: Measures


def audit_log_path(settings: Settings) -> Path:
    """Where this terminal's log is."""
    return settings.path(settings.storage.folder) / "audit" / FILE


class AuditLog:
    """Safe to use from several threads and processes."""

    def __init__(self, path: Path, clock_unix: Callable[[], float] = time.time) -> None:
        """Nothing is touched before the first `append` or `head`."""
        self.path = path
        self._clock_unix = clock_unix
        self._lock = threading.RLock()
        self._waiting: list[_Waiting] = []
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
        """Is it on disk? If not it waits in memory and `fault` says why; an act that needs its record in
        the log (a clerk's decision) must not go on then.

        Raises ValueError for what could be personal: that is a bug of the caller's.
        """
        refuse_personal(visit, actor, facts or {})
        with self._lock:
            if len(self._waiting) < _WAITING:
                self._waiting.append(
                    _Waiting(round(self._clock_unix(), 3), kind, code, visit, actor, dict(facts or {}))
                )
            return self.flush()

    def flush(self) -> bool:
        """Write what waits; is everything on disk now? Also the way to find out whether it would work."""
        with self._lock:
            try:
                self._write()
            except OSError:
                self.fault = Code.AUDIT_UNWRITABLE
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
        """What is on disk. Raises AuditError."""
        with self._lock:
            try:
                with self._open() as file:
                    self._find_head(file)
            except OSError as error:
                raise AuditError(Code.AUDIT_UNWRITABLE, error.strerror or "") from None
            return self._head

    def _write(self) -> None:
        with self._open() as file:
            self._find_head(file)
            while self._waiting:
                self._add(file, self._waiting[0])
                self._waiting.pop(0)

    def _add(self, file: int, one: _Waiting) -> None:
        line, digest = encode(
            Record(
                seq=self._head.seq + 1,
                at_unix=one.at_unix,
                kind=one.kind,
                previous=self._head.hash,
                code=one.code,
                visit=one.visit,
                actor=one.actor,
                facts=one.facts,
            )
        )
        try:
            written = os.write(file, line)
            if written != len(line):
                raise OSError("disk full in the middle of a record")
            os.fdatasync(file)
        except OSError:
            os.ftruncate(file, self._size)  # half a record of ours is no record
            raise
        self._size += written
        self._head = LogHead(self._head.seq + 1, digest)

    @contextmanager
    def _open(self) -> Iterator[int]:
        """The file, ours alone until the end: `kiosk enrol` may write while the terminal runs."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if new:
                _sync_folder(self.path.parent)
            yield file
        finally:
            os.close(file)

    def _find_head(self, file: int) -> None:
        """Read the last line, unless nobody has written since; mend what a power cut tore."""
        size = os.fstat(file).st_size
        if size == self._size:
            return
        tail = os.pread(file, _TAIL, max(0, size - _TAIL))
        whole, _, torn = tail.rpartition(b"\n")
        last = whole.rpartition(b"\n")[2]
        self._head = _head_of(last) if last else LogHead()
        self._size = size - len(torn)
        if torn:
            self._mend(file, torn)

    def _mend(self, file: int, torn: bytes) -> None:
        """Half a line was never told to anybody as written. It is taken off, and that is written down."""
        os.ftruncate(file, self._size)
        facts: Measures = {"bytes": len(torn), "sha256": sha256(torn).hexdigest()}
        self._add(
            file, _Waiting(round(self._clock_unix(), 3), RecordKind.AUDIT_RECOVERED, Code.OK, None, None, facts)
        )


def set_aside(path: Path, at_unix: float) -> Path:
    """Service staff: keep a damaged log beside, under a name of its own, so that a new one can begin."""
    kept = path.with_name(f"{path.name}.damaged-{int(at_unix)}")
    path.rename(kept)
    _sync_folder(path.parent)
    return kept


def _head_of(line: bytes) -> LogHead:
    try:
        last: HashedRecord = decode(line)
    except ValueError as error:
        raise AuditError(Code.AUDIT_DAMAGED, str(error)) from None
    return LogHead(last.record.seq, last.hash)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
