"""Remember the newest roster and the latest time: an older roster or a clock set back gains nothing.

The memory is the audit log. A roster that brings other people is recorded when it is accepted, one that only
confirms them once a day. To take the record away, the log must be put back or deleted, which central notices
by its heads; and a log without any such record lets nobody sign in until central sends a roster.

The latest time is that of the records since the newest roster, and of every question asked here. A roster
straight from central sets it right, so a clock that was once years ahead does not end sign-in for good.
"""

import re
from contextlib import suppress
from pathlib import Path

from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind, decode
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, StaffError
from kiosk.model import Measures
from kiosk.storage_faults import storage_code

CONFIRMED_S = 86_400.0
_MARK = f'"{RecordKind.ROSTER_ACCEPTED.value}"'.encode()
_AT = re.compile(rb'"at_unix":([0-9.]{1,20})')


class RosterMemory:
    """Not thread-safe: `Roster` holds its own lock. Methods raise StaffError(STAFF_UNKEPT)."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self._read = False
        self._issued = self._recorded = self._latest = 0.0

    @property
    def issued_unix(self) -> float:
        """When the newest roster was issued; 0 if none is known."""
        self._read_log()
        return self._issued

    def latest(self, now: float) -> float:
        """Return the latest time that was seen, `now` included."""
        self._read_log()
        self._latest = max(self._latest, now)
        return self._latest

    def accept(self, issued_unix: float, now: float, *, changed: bool, online: bool) -> None:
        """Remember a roster that is on disk. `changed`: others than before are on it, or other PINs."""
        ahead = self.latest(now) > max(now, issued_unix)
        self._note(issued_unix, now, online=online)
        if changed or (online and ahead) or issued_unix - self._recorded > CONFIRMED_S:
            self._recorded = issued_unix
            facts: Measures = {"issued": issued_unix, "online": online}
            self._audit.append(RecordKind.ROSTER_ACCEPTED, facts=facts)

    def _note(self, issued_unix: float, now: float, *, online: bool) -> None:
        time_then = max(now, issued_unix)
        newer = issued_unix > self._issued
        self._latest = time_then if online and newer else max(self._latest, time_then)
        self._issued = max(self._issued, issued_unix)

    def _read_log(self) -> None:
        """Read what the log says, also those that were set aside as damaged; once."""
        if self._read:
            return
        log = self._audit.path
        try:
            for kept in sorted(log.parent.glob(f"{log.name}.damaged-*")):
                self._read_lines(kept, damaged=True)
            if log.exists():
                self._read_lines(log)
        except (OSError, *UNREADABLE) as error:
            code = storage_code(error, Code.STAFF_UNKEPT)
            raise StaffError(code, f"{log.name}: {type(error).__name__}") from None
        self._recorded = self._issued
        self._read = True

    def _read_lines(self, log: Path, *, damaged: bool = False) -> None:
        """Read one log. Raises OSError, and ValueError for a record that was changed unless it is damaged."""
        with log.open("rb") as file:
            for line in file:
                with suppress(*(UNREADABLE if damaged else ())):
                    if _MARK in line:
                        record = decode(line).record
                        issued = float(record.facts.get("issued") or 0.0)
                        self._note(issued, record.at_unix, online=record.facts.get("online") is True)
                    elif found := _AT.search(line):
                        self._latest = max(self._latest, float(found[1]))
