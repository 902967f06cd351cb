"""Points at which a process may be killed: before and after each SQL statement, commit, send, receive
and write to the audit log.

They are counted from the call of `arm` on; the process kills itself (SIGKILL) at the chosen one.
"""

import mmap
import os
import signal
import socket
import sqlite3
import ssl
import struct
import threading

_UNCOUNTED = frozenset({"recheck"})
"""Threads that work by the clock: their statements would make the count differ from run to run."""


class KillPoints:
    """Counter in memory shared with forked processes: the process that arms need not be the one that dies."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16 + 120)

    def arm(self, at: int) -> None:
        """Die at point `at` from now; 0: only count."""
        self._memory[:16] = struct.pack("qq", at, 0)

    def disarm(self) -> int:
        """Let nothing die any more, and return how many points were passed since `arm`."""
        count = self.passed
        self._memory[:16] = struct.pack("qq", -1, 0)
        return count

    @property
    def passed(self) -> int:
        return int(struct.unpack("qq", self._memory[:16])[1])

    @property
    def where(self) -> str:
        """Name of the last point that was passed."""
        return self._memory[16:].rstrip(b"\0").decode(errors="replace")

    def reach(self, where: str) -> None:
        at, count = struct.unpack("qq", self._memory[:16])
        if at < 0 or threading.current_thread().name in _UNCOUNTED:
            return
        self._memory[:16] = struct.pack("qq", at, count + 1)
        self._memory[16:] = where.encode()[:120].ljust(120, b"\0")
        if count + 1 == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, real, name: str):
        """Return `real` with a point before and one after it."""

        def call(*values, **named):
            self.reach(f"before {name}")
            done = real(*values, **named)
            self.reach(f"after {name}")
            return done

        return call


def watch(points: KillPoints, sockets: type) -> None:
    """Count every contact of this process. `sockets`: SSLSocket for a client, socket for asyncio."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql, *values):
            return points.around(super().execute, " ".join(sql.split()[:3]))(sql, *values)

    class Connection(sqlite3.Connection):
        def execute(self, sql, *values):
            return points.around(super().execute, " ".join(sql.split()[:3]))(sql, *values)

        def cursor(self, factory=Cursor):
            return super().cursor(factory)

        def commit(self):
            points.around(super().commit, "commit")()

    connect = sqlite3.connect

    def watched(*values, **named):
        return connect(*values, **named | {"factory": Connection})

    sqlite3.connect = sqlite3.dbapi2.connect = watched
    for name in ("send", "recv", "recv_into"):
        setattr(sockets, name, _method(points, getattr(sockets, name), name))
    os.write = points.around(os.write, "audit write")
    os.fdatasync = points.around(os.fdatasync, "audit sync")


def _method(points: KillPoints, real, name: str):
    def call(self, *values):
        return points.around(real, name)(self, *values)

    return call


CLIENT, SERVER = ssl.SSLSocket, socket.socket
