"""Points at which a process may be killed or stopped: before and after each SQL statement, commit, send,
receive and write to the audit log.

They are counted from the call of `arm` on; the process sends itself SIGKILL, or SIGSTOP, at the chosen one.
"""

import mmap
import os
import signal
import sqlite3
import ssl
import struct
import threading

_HEAD = struct.Struct("qqq")
_UNCOUNTED = frozenset({"recheck", "maintenance"})
"""Threads that work by the clock: their statements would make the count differ from run to run."""


class KillPoints:
    """Counter in memory shared with forked processes: the process that arms need not be the one that dies."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _HEAD.size + 120)

    def arm(self, at: int, by: signal.Signals = signal.SIGKILL) -> None:
        """Get the signal `by` at point `at` from now; 0: only count."""
        self._memory[: _HEAD.size] = _HEAD.pack(at, 0, by)

    def disarm(self) -> int:
        """Let nothing die any more, and return how many points were passed since `arm`."""
        count = self.passed
        self._memory[: _HEAD.size] = _HEAD.pack(-1, 0, 0)
        return count

    @property
    def passed(self) -> int:
        return int(_HEAD.unpack(self._memory[: _HEAD.size])[1])

    @property
    def where(self) -> str:
        """Name of the point that was chosen, as soon as it was reached."""
        return self._memory[_HEAD.size :].rstrip(b"\0").decode(errors="replace")

    def reach(self, where: str) -> None:
        at, count, by = _HEAD.unpack(self._memory[: _HEAD.size])
        if at < 0 or threading.current_thread().name in _UNCOUNTED:
            return
        self._memory[: _HEAD.size] = _HEAD.pack(at, count + 1, by)
        if count + 1 == at:
            self._memory[_HEAD.size :] = where.encode()[:120].ljust(120, b"\0")
            os.kill(os.getpid(), by)

    def around(self, real, name: str):
        """Return `real` with a point before and one after it."""

        def call(*values, **named):
            self.reach(f"before {name}")
            done = real(*values, **named)
            self.reach(f"after {name}")
            return done

        return call


def watch(points: KillPoints) -> None:
    """Count each use of a SQLite database and of the audit log by this process."""

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
    os.write = points.around(os.write, "audit write")
    os.fdatasync = points.around(os.fdatasync, "audit sync")


def watch_postgresql(points: KillPoints) -> None:
    """Count each exchange of this process with PostgreSQL: to connect, a statement, a commit, a roll-back."""
    import psycopg

    from central.storage import prepared

    wait = psycopg.Connection.wait

    def watched(self, generator, *values, **named):
        name = generator.__name__.strip("_").removesuffix("_gen")
        return points.around(wait, f"database {name}")(self, generator, *values, **named)

    psycopg.Connection.wait = watched
    # Prepared statements go to libpq without psycopg.
    run = prepared._ForPostgresql.execute
    prepared._ForPostgresql.execute = lambda *values: points.around(run, "database statement")(*values)


def watch_client(points: KillPoints) -> None:
    """Count what this process sends and receives over TLS."""
    for name in ("send", "recv", "recv_into"):
        setattr(ssl.SSLSocket, name, _method(points, getattr(ssl.SSLSocket, name), name))


def watched_application(points: KillPoints, app):
    """Return the ASGI application, with a point before and after each message that it receives or sends.

    uvloop reads and writes sockets in C, where nothing can be counted.
    """

    async def call(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)

        async def receive_counted():
            points.reach("before receive")
            message = await receive()
            points.reach("after receive")
            return message

        async def send_counted(message):
            points.reach("before send")
            await send(message)
            points.reach("after send")

        return await app(scope, receive_counted, send_counted)

    return call


def _method(points: KillPoints, real, name: str):
    def call(self, *values):
        return points.around(real, name)(self, *values)

    return call
