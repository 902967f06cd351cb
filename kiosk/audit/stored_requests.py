"""What the log says of requests: which were put on disk, so that the screen could promise, and which ended.

Only lines of three kinds are decoded, and after the first look only those that came since are read.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.audit.record import RecordKind, Record, decode
from kiosk.codes import Code
from kiosk.errors import AuditError
from kiosk.model import RequestStatus

_MARKS = tuple(
    f'"{kind.value}"'.encode() for kind in (RecordKind.VISIT_STORED, RecordKind.REQUEST_SETTLED, RecordKind.REQUEST_GIVEN_UP)
)
_FINAL = (RequestStatus.ACTIVATED.value, RequestStatus.REFUSED.value)


class Told(Struct, frozen=True):
    """`stored`: it is on disk; else central's last word has come, or a supervisor gave it up."""

    visit: str
    at_unix: float
    stored: bool


class StoredRequests:
    """Reads the log on from where it stopped; `open` are the requests that the outbox must have."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._at = 0
        self._early: set[str] = set()  # central was faster than the engine's own record
        self.open: set[str] = set()

    def news(self) -> Iterator[Told]:
        """What was written since; the first time all of it, also what stands in logs that were set aside as
        damaged. Exhaust it. Raises AuditError (AUDIT_DAMAGED, AUDIT_UNWRITABLE).
        """
        try:
            if self._log.exists() and self._log.stat().st_size < self._at:  # a new log has begun
                self._at = 0
            if self._at == 0:
                yield from self._aside()
            yield from map(self._take, self._told())
        except OSError as error:
            raise AuditError(Code.AUDIT_UNWRITABLE, error.strerror or "") from None

    def _aside(self) -> Iterator[Told]:
        self.open.clear()
        self._early.clear()
        for kept in sorted(self._log.parent.glob(f"{self._log.name}.damaged-*")):
            for line in kept.read_bytes().split(b"\n"):
                try:
                    told = _meaning(line)
                except ValueError:
                    continue  # that is why it was set aside
                if told is not None:
                    yield self._take(told)

    def _told(self) -> Iterator[Told]:
        if not self._log.exists():
            return
        with self._log.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # it is being written, or was torn; the log mends itself
                try:
                    told = _meaning(line)
                except ValueError as error:
                    raise AuditError(Code.AUDIT_DAMAGED, str(error)) from None
                self._at += len(line)
                if told is not None:
                    yield told

    def _take(self, told: Told) -> Told:
        if told.stored:
            there, other = self._early, self.open
        else:
            there, other = self.open, self._early
        if told.visit in there:
            there.remove(told.visit)
        else:
            other.add(told.visit)
        return told


def _meaning(line: bytes) -> Told | None:
    """None: it is about something else. Raises ValueError for a line that is not what it was."""
    if not any(mark in line for mark in _MARKS):
        return None
    try:
        return _of(decode(line).record)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def _of(record: Record) -> Told | None:
    if record.visit is None:
        return None
    match record.kind:
        case RecordKind.VISIT_STORED if record.code is Code.OK:
            return Told(record.visit, record.at_unix, True)
        case RecordKind.REQUEST_SETTLED if record.facts.get("status") in _FINAL:
            return Told(record.visit, record.at_unix, False)
        case RecordKind.REQUEST_GIVEN_UP:
            return Told(record.visit, record.at_unix, False)
    return None
