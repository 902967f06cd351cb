"""Who typed a wrong PIN how often: on disk before the PIN is looked at, so pulling the plug wins no tries.

Every `tries` failures in a row close a number, first for `lock_s`, then twice as long, a day at most. Numbers
that nobody has share one count: whoever guesses numbers is stopped too, and cannot fill the disk.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, StaffError
from kiosk.files import write_whole

LONGEST_S = 86_400.0
NOBODY = "nobody"
"""The name under which numbers are counted that are not on the roster."""


class Count(Struct, frozen=True):
    failures: int = 0  # in a row
    locks: int = 0  # in a row
    last_unix: float = 0.0
    until_unix: float = 0.0  # closed until then


class Lockout:
    """Every method that changes something has it on disk when it returns; raises StaffError(STAFF_UNKEPT)."""

    def __init__(self, path: Path, tries: int, lock_s: float) -> None:
        self._path = path
        self._tries = tries
        self._lock_s = lock_s

    def closed_for(self, number: str, now: float, forgiven_unix: float = 0.0) -> float:
        """Seconds until this number may try again; 0: now. Failures before `forgiven_unix` do not count."""
        count = self._read(now).get(number, Count())
        if count.last_unix < forgiven_unix:
            return 0.0
        # A clock that was set back must not make a lock longer than it was meant to be.
        return min(max(0.0, count.until_unix - now), self._span(count.locks))

    def spend(self, number: str, now: float, forgiven_unix: float = 0.0) -> None:
        """Count one try as failed, before it is known."""
        counts = self._read(now)
        old = counts.get(number, Count())
        if old.last_unix < forgiven_unix:
            old = Count()
        failures = old.failures + 1
        if failures < self._tries:
            new = Count(failures, old.locks, now)
        else:
            new = Count(0, old.locks + 1, now, now + self._span(old.locks + 1))
        self._write(counts | {number: new})

    def forgive(self, number: str, now: float) -> None:
        """The PIN was right, or somebody unlocked."""
        counts = self._read(now)
        if counts.pop(number, None) is not None:
            self._write(counts)

    def closed(self, now: float) -> dict[str, float]:
        """Numbers that are closed now → seconds left."""
        left = {number: self.closed_for(number, now) for number in self._read(now)}
        return {number: seconds for number, seconds in left.items() if seconds > 0}

    def _span(self, locks: int) -> float:
        longest = max(LONGEST_S, self._lock_s)
        return min(longest, self._lock_s * 2.0 ** min(max(0, locks - 1), 32))

    def _read(self, now: float) -> dict[str, Count]:
        """What cannot be read closes the door: nobody knows how often was tried."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Count])
        except FileNotFoundError:
            return {}
        except (OSError, *UNREADABLE) as error:
            raise StaffError(Code.STAFF_UNKEPT, f"{self._path.name}: {type(error).__name__}") from None

    def _write(self, counts: dict[str, Count]) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, msgspec.json.encode(counts))
        except OSError as error:
            raise StaffError(Code.STAFF_UNKEPT, f"{self._path.name}: {type(error).__name__}") from None
