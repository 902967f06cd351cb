"""The job table that workers and central share, as a worker uses it.

A worker claims the oldest job that nobody holds with one statement, and its lease protects it from the
others; a lease that ran out frees the job again. The verdict is stored only by the worker that still holds
the lease, and the clip is erased in the same transaction: there is at most one verdict for a clip. A job that
`TRIES` workers did not finish is settled as FAILED, never as a pass. Times are those of the database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    column,
    create_engine,
    event,
    insert,
    make_url,
    select,
    table,
    text,
    update,
)

from central.protocol.verification import TRIES, Answer, Outcome, VerdictCode

JOBS = table(
    "verification_jobs",
    *map(
        column,
        (
            "id", "state", "made_unix", "expires_unix", "owner", "lease_unix", "claimed_unix", "tries",
            "sealed", "verdict", "settled_unix", "erased_unix",
        ),
    ),
)  # fmt: skip
WORKERS = table("verification_workers", column("owner"), column("seen_unix"))
SEEN_S = 5.0
"""How often a worker tells that it is there, between jobs: one that holds a job is."""
_PRAGMAS = ("synchronous=FULL", "secure_delete=ON", "busy_timeout=10000")
_FAILED = Outcome(answer=Answer.REFUSE, code=VerdictCode.FAILED)


@dataclass(frozen=True, kw_only=True)
class ClaimedJob:
    """A job that this worker holds until its lease ends."""

    id: str
    sealed: bytes

    def __repr__(self) -> str:
        return f"ClaimedJob({self.id})"


class JobTable:
    """Connection of one worker, `owner`, to the database at `url`. `lease_s`: the longest time for a job."""

    def __init__(self, url: str, owner: str, lease_s: float) -> None:
        self._owner = owner
        self._lease_s = lease_s
        self._seen = float("-inf")
        address = make_url(url)
        self._is_sqlite = address.get_backend_name() == "sqlite"
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        # A clip is a parameter, so parameters never enter an exception's text.
        self._engine = create_engine(address, hide_parameters=True, pool_size=1, max_overflow=0)
        if self._is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    def claim(self) -> ClaimedJob | None:
        """Return the oldest job that is free, now this worker's; None if there is none."""
        with self._transaction() as (connection, now):
            self._tell_seen(connection, now)
            connection.execute(
                update(JOBS)
                .where(JOBS.c.state == "running", JOBS.c.lease_unix <= now, JOBS.c.tries >= TRIES)
                .values(**_settled(_FAILED, now), sealed=None, erased_unix=now)
            )
            job = JOBS.alias()  # else the query would be about the row that is updated
            is_free = (job.c.state == "waiting") | ((job.c.state == "running") & (job.c.lease_unix <= now))
            free = (
                select(job.c.id)
                .where(is_free, job.c.expires_unix > now, job.c.tries < TRIES)
                .order_by(job.c.made_unix)
                .limit(1)
                .with_for_update(skip_locked=True)  # SQLite has one writer, and no such words
                .scalar_subquery()
            )
            claimed = (
                update(JOBS)
                .where(JOBS.c.id == free)
                .values(
                    state="running",
                    owner=self._owner,
                    lease_unix=now + self._lease_s,
                    claimed_unix=now,
                    tries=JOBS.c.tries + 1,
                )
                .returning(JOBS.c.id, JOBS.c.sealed)
            )
            row = connection.execute(claimed).one_or_none()
        return None if row is None else ClaimedJob(id=row.id, sealed=bytes(row.sealed))

    def finish(self, job: str, outcome: Outcome) -> bool:
        """Store the verdict and erase the clip; return False if the job is no longer this worker's."""
        with self._transaction() as (connection, now):
            finished = (
                update(JOBS)
                .where(
                    JOBS.c.id == job,
                    JOBS.c.state == "running",
                    JOBS.c.owner == self._owner,
                    JOBS.c.lease_unix > now,
                )
                .values(**_settled(outcome, now), sealed=None, erased_unix=now)
            )
            is_mine = connection.execute(finished).rowcount == 1
            self._tell_seen(connection, now)
        self._scrub()
        return is_mine

    def close(self) -> None:
        """Tell that this worker is gone, and close the connection."""
        with self._transaction() as (connection, _):
            connection.execute(WORKERS.delete().where(WORKERS.c.owner == self._owner))
        self._engine.dispose()

    def _tell_seen(self, connection: Connection, now: float) -> None:
        if abs(now - self._seen) < SEEN_S:
            return
        mine = update(WORKERS).where(WORKERS.c.owner == self._owner).values(seen_unix=now)
        if not connection.execute(mine).rowcount:
            connection.execute(insert(WORKERS).values(owner=self._owner, seen_unix=now))
        self._seen = now

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Connection, float]]:
        with self._engine.begin() as connection:
            yield connection, self._now(connection)

    def _now(self, connection: Connection) -> float:
        """Return the time of the database: a file's is that of its one machine."""
        if self._is_sqlite:
            return time.time()
        return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)

    def _scrub(self) -> None:
        """Remove the erased clip from SQLite's log, too."""
        if self._is_sqlite:
            with self._engine.connect() as connection:
                connection.rollback()  # a checkpoint is no part of a transaction
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _settled(outcome: Outcome, now: float) -> dict[str, Any]:
    return {"state": "settled", "verdict": outcome.model_dump_json(), "settled_unix": now}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions by itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
