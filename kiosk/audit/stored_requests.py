"""What the audit log says of requests: which were stored, so that the screen could promise, and which ended.

Only lines of three kinds are decoded, and after the first reading only those that were added since.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.audit.record import RecordKind, decode
from kiosk.codes import Code
from kiosk.errors import AuditError
from kiosk.model import RequestStatus
from kiosk.storage_faults import storage_code

_KINDS = (RecordKind.VISIT_STORED, RecordKind.REQUEST_SETTLED, RecordKind.REQUEST_GIVEN_UP)
_MARKS = tuple(f'"{kind.value}"'.encode() for kind in _KINDS)
_FINAL = (RequestStatus.ACTIVATED.value, RequestStatus.REFUSED.value)


class RequestChange(Struct, frozen=True):
    """`stored`: the request is on disk; else central's final answer came, or a supervisor gave it up."""

    visit: str
    at_unix: float
    stored: bool


class StoredRequests:
    """Reads the log on from where it stopped; `open` are the requests that the outbox must have."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._position = 0
        self._ended_early: set[str] = set()  # central was faster than the engine's own record
        self.open: set[str] = set()

    def read_new(self) -> Iterator[RequestChange]:
        """Yield what was recorded since; the iterator must be exhausted.

        The first time that is everything, also what logs hold that were set aside as damaged. Raises
        AuditError (AUDIT_DAMAGED, AUDIT_UNWRITABLE).
        """
        try:
            if self._log.exists() and self._log.stat().st_size < self._position:  # a new log has begun
                self._position = 0
            changes = self._read_on()
            if self._position == 0:
                self.open.clear()
                self._ended_early.clear()
                changes = chain(self._read_set_aside(), changes)
            for change in changes:
                expected, other = self.open, self._ended_early
                if change.stored:
                    expected, other = other, expected
                if change.visit in expected:
                    expected.remove(change.visit)
                else:
                    other.add(change.visit)
                yield change
        except OSError as error:
            code = storage_code(error, Code.AUDIT_UNWRITABLE)
            raise AuditError(code, error.strerror or "") from None

    def _read_set_aside(self) -> Iterator[RequestChange]:
        for kept in sorted(self._log.parent.glob(f"{self._log.name}.damaged-*")):
            for line in kept.read_bytes().split(b"\n"):
                with suppress(ValueError):  # that is why it was set aside
                    if (change := _request_change(line)) is not None:
                        yield change

    def _read_on(self) -> Iterator[RequestChange]:
        if not self._log.exists():
            return
        with self._log.open("rb") as file:
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # it is being written, or was torn; the log cuts it off itself
                try:
                    change = _request_change(line)
                except ValueError as error:
                    raise AuditError(Code.AUDIT_DAMAGED, str(error)) from None
                self._position += len(line)
                if change is not None:
                    yield change


def _request_change(line: bytes) -> RequestChange | None:
    """Return None for a line about something else. Raises ValueError for a line that was changed."""
    if not any(mark in line for mark in _MARKS):
        return None
    try:
        record = decode(line).record
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    if record.visit is None:
        return None
    match record.kind:
        case RecordKind.VISIT_STORED if record.code is Code.OK:
            return RequestChange(record.visit, record.at_unix, stored=True)
        case RecordKind.REQUEST_SETTLED if record.facts.get("status") in _FINAL:
            return RequestChange(record.visit, record.at_unix, stored=False)
        case RecordKind.REQUEST_GIVEN_UP:
            return RequestChange(record.visit, record.at_unix, stored=False)
    return None
