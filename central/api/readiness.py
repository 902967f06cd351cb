"""Whether this process should be sent requests, and what else an operator should look at.

Only what makes answers impossible takes a process out of service: its database, its schema, and that it
stops. A register that is silent does not: requests are taken and wait. The body names checks and no figures,
because anybody may ask; the figures are metrics.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text
from starlette.responses import JSONResponse

from central.activation.measured_authority import MeasuredAuthority
from central.api.figures import Figures
from central.storage.database import Database
from central.storage.schema import is_schema_served

CACHE_S = 1.0
"""Strangers may ask as often as they like: the database is asked once in this time."""
LIMIT_S = 2.0
"""A check that takes longer has failed, as with an exhausted pool of connections."""
REGISTER_FAILURES = 5
"""So many failures in a row: the register counts as out of reach."""
REQUIRED = ("process", "database", "schema")
"""Checks without which the process takes no requests."""
_NO_DATABASE = {"database": False, "schema": False, "queue": False}


class Readiness:
    """The checks of one process. `stopping` is set as soon as it is to stop."""

    def __init__(
        self, database: Database, authority: MeasuredAuthority, figures: Figures, queue_s: float
    ) -> None:
        """`queue_s`: so long the next check of a request may be overdue."""
        self._database = database
        self._authority = authority
        self._figures = figures
        self._queue_s = queue_s
        self._executor = ThreadPoolExecutor(1, "readiness")
        self._measured: asyncio.Future[dict[str, bool]] | None = None
        self._measured_at = 0.0
        self.stopping = False

    async def response(self) -> JSONResponse:
        """Return 200 or 503 with the checks, each "ok" or "failed"."""
        found = await self._checks()
        is_ready = all(found[name] for name in REQUIRED)
        status = "ok" if all(found.values()) else "degraded" if is_ready else "unavailable"
        checks = {name: "ok" if good else "failed" for name, good in sorted(found.items())}
        body = {"status": status, "checks": checks}
        return JSONResponse(body, 200 if is_ready else 503, {"Cache-Control": "no-store"})

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _checks(self) -> dict[str, bool]:
        now = time.monotonic()
        if self._measured is None or (self._measured.done() and now - self._measured_at > CACHE_S):
            self._measured_at = now
            self._measured = asyncio.get_running_loop().run_in_executor(self._executor, self._measure)
        done, _ = await asyncio.wait([self._measured], timeout=LIMIT_S)
        measured = self._measured.result() if done else _NO_DATABASE | {"keys": True}  # not looked at yet
        return measured | {
            "process": not self.stopping,
            "register": self._authority.failures < REGISTER_FAILURES,
        }

    def _measure(self) -> dict[str, bool]:
        """Look at the keys and ask the database. In a thread of its own: the others may all be busy."""
        try:
            keys = {"keys": self._figures.are_keys_current()}
        except (OSError, ValueError):
            keys = {"keys": False}
        try:
            with self._database.read() as session:
                session.execute(text("SELECT 1"))
                schema = is_schema_served(session)
            queue = self._figures.database().oldest_due_s <= self._queue_s
        except Exception:
            return keys | _NO_DATABASE
        return keys | {"database": True, "schema": schema, "queue": queue}
