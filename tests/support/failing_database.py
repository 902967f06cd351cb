"""Makes central's database fail at a chosen point of its use: a statement, or a commit before or after it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class DatabaseFault:
    """Fails at the point number `at` since the fault was set; counts the points that were passed."""

    def __init__(self, at: int, error: Exception) -> None:
        self._at, self._error = at, error
        self.passed = 0

    @property
    def happened(self) -> bool:
        return self.passed > self._at

    def pass_point(self) -> None:
        self.passed += 1
        if self.passed == self._at + 1:
            raise self._error


@contextmanager
def failing_at(engine: Engine, at: int) -> Iterator[DatabaseFault]:
    """Let the statement or commit number `at` (from 0) fail, as for a disk that does not read.

    A commit has two points: before it, and after it, when its result is stored and not known.
    """
    fault, dialect = DatabaseFault(at, _error(engine)), engine.dialect
    commit = dialect.do_commit

    def on_execute(*_arguments: Any) -> None:
        fault.pass_point()

    def do_commit(connection: Any) -> None:
        fault.pass_point()
        commit(connection)
        fault.pass_point()

    event.listen(engine, "do_execute", on_execute)
    event.listen(engine, "do_execute_no_params", on_execute)
    dialect.do_commit = do_commit  # type: ignore[method-assign]
    try:
        yield fault
    finally:
        dialect.do_commit = commit  # type: ignore[method-assign]
        event.remove(engine, "do_execute", on_execute)
        event.remove(engine, "do_execute_no_params", on_execute)


def _error(engine: Engine) -> Exception:
    if engine.dialect.name == "postgresql":
        import psycopg  # an extra

        return psycopg.errors.lookup("58030")("made to fail")
    error = sqlite3.OperationalError("made to fail")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error
