"""Count wrong PINs and lock numbers; on disk before the PIN is checked, so a power cut gives no more tries.

Every `tries` failures in a row lock a number, first for `lock_s`, then twice as long, a day at most. Numbers
that are not on the roster share one count: guessing numbers is stopped too, and cannot fill the disk.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, StaffError
from kiosk.files import make_private, read_regular, write_whole
from kiosk.storage_faults import storage_code

LONGEST_S = 86_400.0
MAX_BYTES = 1 << 20
UNKNOWN_NUMBER = "nobody"
"""The name under which numbers are counted that are not on the roster."""


class FailureCount(Struct, frozen=True, kw_only=True):
    """One number's failures and locks in a row, the time of the last failure and of the lock's end."""

    failures: int = 0
    locks: int = 0
    last_unix: float = 0.0
    until_unix: float = 0.0


class Lockout:
    """A change is on disk when the method returns. Methods raise StaffError(STAFF_UNKEPT, STORAGE_*).

    A file that cannot be read locks every number: how often was tried is not known then.
    """

    def __init__(self, path: Path, tries: int, lock_s: float) -> None:
        self._path = path
        self._tries = tries
        self._lock_s = lock_s

    def locked_for(self, number: str, now: float, forgiven_unix: float = 0.0) -> float:
        """Return the seconds until this number may try again; 0: now.

        Failures before `forgiven_unix` do not count.
        """
        count = self._read().get(number, FailureCount())
        if count.last_unix < forgiven_unix:
            return 0.0
        # A clock that was set back must not make a lock longer than it was meant to be.
        return min(max(0.0, count.until_unix - now), self._length_s(count.locks))

    def count_failure(self, number: str, now: float, forgiven_unix: float = 0.0) -> None:
        """Count a try as failed, before its PIN is checked."""
        counts = self._read()
        old = counts.get(number, FailureCount())
        if old.last_unix < forgiven_unix:
            old = FailureCount()
        failures = old.failures + 1
        if failures < self._tries:
            new = FailureCount(failures=failures, locks=old.locks, last_unix=now)
        else:
            locks = old.locks + 1
            new = FailureCount(locks=locks, last_unix=now, until_unix=now + self._length_s(locks))
        self._write(counts | {number: new})

    def reset(self, number: str) -> None:
        """Forget the failures of a number: the PIN was right, or a supervisor unlocked it."""
        counts = self._read()
        if counts.pop(number, None) is not None:
            self._write(counts)

    def locked(self, now: float) -> dict[str, float]:
        """Return the numbers that are locked now and the seconds left."""
        left = {number: self.locked_for(number, now) for number in self._read()}
        return {number: seconds for number, seconds in left.items() if seconds > 0}

    def _length_s(self, locks: int) -> float:
        """Return the length of the lock after so many in a row."""
        longest = max(LONGEST_S, self._lock_s)
        return min(longest, self._lock_s * 2.0 ** min(max(0, locks - 1), 32))

    def _read(self) -> dict[str, FailureCount]:
        try:
            return msgspec.json.decode(read_regular(self._path, MAX_BYTES), type=dict[str, FailureCount])
        except FileNotFoundError:
            return {}
        except (OSError, *UNREADABLE) as error:
            code = storage_code(error, Code.STAFF_UNKEPT)
            raise StaffError(code, f"{self._path.name}: {type(error).__name__}") from None

    def _write(self, counts: dict[str, FailureCount]) -> None:
        try:
            make_private(self._path.parent)
            write_whole(self._path, msgspec.json.encode(counts))
        except OSError as error:
            code = storage_code(error, Code.STAFF_UNKEPT)
            raise StaffError(code, f"{self._path.name}: {type(error).__name__}") from None
