"""The time that all processes of central share, wherever they run: that of their database."""

import logging
import time

from sqlalchemy import text

from central.storage.database import Database

log = logging.getLogger(__name__)

REFRESH_S = 10.0
"""How often `refresh` asks the database again. Between two answers an oscillator drifts by microseconds."""
OFF_S = 5.0
"""A machine whose clock differs by more from the database's is reported."""


class DatabaseClock:
    """Callable that returns the time in seconds since 1970-01-01 UTC, by PostgreSQL's clock.

    It never waits: it adds what passed on the monotonic clock since the last answer of the database, so the
    clock of this machine may be wrong, or be set. A database in a file has the clock of its one machine.
    Raises SQLAlchemyError if the database does not answer the first time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_shared = database.engine.dialect.name == "postgresql"
        self._started = (0.0, 0.0)  # monotonic, and the database's time then
        self._asked = float("-inf")
        self._is_reported = False
        self.refresh()

    def __call__(self) -> float:
        """Return the time."""
        if not self._is_shared:
            return time.time()
        at, unix = self._started
        return unix + time.monotonic() - at

    def refresh(self) -> None:
        """Ask the database, if that was not done lately. Raises SQLAlchemyError."""
        before = time.monotonic()
        if not self._is_shared or before - self._asked < REFRESH_S:
            return
        with self._database.read() as session:
            unix = float(session.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)
        self._asked = after = time.monotonic()
        self._started = ((before + after) / 2, unix)
        self._report(self.off_s())

    def off_s(self) -> float:
        """Return by how much this machine's clock is ahead of the database's, in seconds; for metrics."""
        return time.time() - self()

    def _report(self, off_s: float) -> None:
        if is_off := abs(off_s) > OFF_S:
            level = logging.DEBUG if self._is_reported else logging.WARNING
            log.log(level, "this machine's clock differs by %+.0f s from the database's, which counts", off_s)
        self._is_reported = is_off
