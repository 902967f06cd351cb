"""The durable queue of activation requests.

    put ─▶ waiting ─────────────────▶ delivered   the receipt is kept, the body erased, in one transaction
             │ ▲  └▶ pending ────────▶ delivered   central said "later": the body is erased, it is asked again
             ▼ │ retry │
            wedged ◀───┘                           hopeless: visible, skipped, never lost

A wedged row without a body stands for a request that was promised and is missing here now
(`reconciliation.py`).

Times are wall-clock seconds given by the caller. The wall clock may be set back: a row whose waiting was
decided "in the future" (`tried_unix` > now) is due at once, so no row waits longer than twice its delay.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from kiosk.activation.database import Database
from kiosk.clock import Moment
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.model import ActivationReceipt, RequestStatus

PATIENCE = 5
"""After so many failures in a row a request waits until the others have been tried."""

_SELECT = "SELECT id, state, body, digest, sent, tries, put_unix, boot, boot_s"
_OPEN = """
    FROM requests WHERE state IN ('waiting', 'pending') AND NOT EXISTS (
        SELECT 1 FROM requests AS earlier
        WHERE earlier.id = requests.after AND earlier.id <> requests.id AND earlier.state = 'waiting'
    )
"""
"""Requests that may be delivered: not those of a person whose earlier one has not arrived."""


class RequestState(StrEnum):
    """RequestState of a request; see the diagram above."""

    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    WEDGED = "wedged"


class QueuedRequest(Struct, frozen=True, kw_only=True):
    """QueuedRequest of an undelivered request, as delivery and export need it."""

    id: str
    state: RequestState
    body: bytes | None
    digest: bytes
    sent: bool  # central may have it
    tries: int
    put_unix: float
    moment: Moment | None  # `put_unix` by a clock that nobody can set

    @property
    def intact(self) -> bool:
        """True if the body is the one that was put: SQLite does not notice a flipped bit in a value."""
        return self.body is None or sha256(self.body).digest() == self.digest


class RequestSummary(Struct, frozen=True, kw_only=True):
    """What staff may see of a request: nothing personal."""

    id: str
    state: RequestState
    put_unix: float
    tries: int
    not_before: float
    code: Code | None
    receipt: ActivationReceipt | None


class RequestCounts(Struct, frozen=True, kw_only=True):
    """Number of requests in each state."""

    waiting: int = 0
    pending: int = 0
    delivered: int = 0
    wedged: int = 0


class Backlog(Struct, frozen=True, kw_only=True):
    """Requests that have not reached central yet, and the time since central last answered.

    A time below 0 shows that a clock was, or is, wrong.
    """

    waiting: int = 0
    oldest_s: float | None = None  # how long the oldest waits
    silent_s: float | None = None  # since the last answered heartbeat; None: there never was one


class Outbox:
    """Durable queue. Every method is one transaction and raises OutboxError when the disk fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, id: str, body: bytes, at: float, after: str | None = None, moment: Moment | None = None
    ) -> None:
        """Add a request; it is on disk when this returns. Doing it twice changes nothing the second time.

        `after`: an earlier request of the same person, which is to arrive first; `moment`: `at`, by a clock
        that nobody can set. Raises OutboxError(REQUEST_KEY_REUSED) for the same id with another body.
        """
        digest = sha256(body).digest()
        with self._database.transaction() as connection:
            known = connection.execute("SELECT digest FROM requests WHERE id = ?", (id,)).fetchone()
            if known is None:
                connection.execute(
                    "INSERT INTO requests"
                    " (id, state, put_unix, digest, body, tried_unix, not_before, after, boot, boot_s)"
                    " VALUES (?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?)",
                    (id, at, digest, body, at, at, after, *(astuple(moment) if moment else (None, None))),
                )
            elif known[0] != digest:
                raise OutboxError(Code.REQUEST_KEY_REUSED, "the same number with another body")

    def next_due(self, now: float) -> QueuedRequest | None:
        """Return the row to deliver now, or None.

        The oldest comes first, by the order in which they were put and not by the clock; one that has failed
        `PATIENCE` times comes after the others, so a bad one never blocks them.
        """
        with self._database.reading() as connection:
            found = connection.execute(
                f"{_SELECT} {_OPEN}"
                " AND (not_before <= :now OR tried_unix > :now)"
                " ORDER BY tries >= :patience, iif(tries >= :patience, tries, 0), requests.rowid LIMIT 1",
                {"now": now, "patience": PATIENCE},
            ).fetchone()
        return None if found is None else _queued(found)

    def due_in(self, now: float) -> float | None:
        """Return the seconds until a row is due, 0 if one is; None if nothing is open."""
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT min(CASE WHEN tried_unix > :now THEN :now ELSE not_before END) {_OPEN}",
                {"now": now},
            ).fetchone()[0]
        return None if found is None else max(0.0, found - now)

    def begin_attempt(self, id: str, at: float, not_before: float) -> None:
        """Record, before anything is sent, that central may have the request from now on.

        One more try is counted and the next one put off to `not_before` already here: if the process is
        killed during the call, the row is neither forgotten nor tried in a tight loop.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE requests SET sent = (sent OR state = 'waiting'), tries = tries + 1,"
                " tried_unix = ?, not_before = ? WHERE id = ? AND state IN ('waiting', 'pending')",
                (at, not_before, id),
            )

    def record_failure(self, id: str, code: Code) -> None:
        """Record, for staff, why the last try failed."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE requests SET code = ? WHERE id = ?", (code.value, id))

    def settle(self, id: str, receipt: ActivationReceipt, at: float, recheck: float) -> bool:
        """Store central's answer and erase the body, in one transaction.

        PENDING is looked up again at `recheck`. Returns True if the answer changes the state: a delivered
        request keeps the receipt it has, and PENDING after PENDING changes nothing.
        """
        with self._database.transaction() as connection:
            before = connection.execute(
                "SELECT state FROM requests WHERE id = ? AND state <> 'delivered'", (id,)
            ).fetchone()
            if before is None:
                return False
            state = (
                RequestState.PENDING if receipt.status is RequestStatus.PENDING else RequestState.DELIVERED
            )
            connection.execute(
                "UPDATE requests SET state = ?, body = NULL, receipt = ?, code = ?, tries = 0,"
                " tried_unix = ?, not_before = ?, settled_unix = ? WHERE id = ?",
                (state.value, msgspec.json.encode(receipt), receipt.code.value, at, recheck, at, id),
            )
            return bool(before[0] != state.value)

    def scrub(self) -> None:
        """Remove erased bodies from the write-ahead log, too."""
        self._database.scrub()

    def wedge(self, id: str, code: Code, at: float) -> None:
        """Set a hopeless request aside. The body stays, for staff to `retry` or to export."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE requests SET state = 'wedged', code = ?, settled_unix = ?"
                " WHERE id = ? AND state IN ('waiting', 'pending')",
                (code.value, at, id),
            )

    def retry(self, id: str, at: float) -> bool:
        """Queue a wedged request once more, on staff's order. Returns False if it is not wedged."""
        with self._database.transaction() as connection:
            done = connection.execute(
                "UPDATE requests SET state = iif(body IS NULL, 'pending', 'waiting'), tries = 0,"
                " tried_unix = ?, not_before = ? WHERE id = ? AND state = 'wedged'"
                " AND (body IS NOT NULL OR receipt IS NOT NULL)",
                (at, at, id),
            )
            return done.rowcount == 1

    def make_all_due(self, at: float) -> None:
        """Make due at once what waited because central could not be reached; called when it can be again."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE requests SET tried_unix = :at, not_before = :at"
                " WHERE state = 'waiting' OR (state = 'pending' AND tries > 0)",
                {"at": at},
            )

    def mark_lost(self, id: str, at: float) -> None:
        """Put a wedged row without a body in the place of a promised request that is missing."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO requests"
                " (id, state, put_unix, digest, sent, tried_unix, not_before, code, settled_unix)"
                " VALUES (?, 'wedged', ?, x'', 1, ?, ?, ?, ?)",
                (id, at, at, at, Code.REQUEST_LOST.value, at),
            )

    def lost_ids(self, *, include_given_up: bool = False) -> list[str]:
        """Return the ids of lost requests, newest first.

        With `include_given_up` also those given up, and those that central had and forgot.
        """
        more = (Code.REQUEST_GIVEN_UP.value, Code.REQUEST_UNKNOWN.value) if include_given_up else ("", "")
        codes = (Code.REQUEST_LOST.value, *more)
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT id FROM requests WHERE state = 'wedged' AND body IS NULL AND code IN (?, ?, ?)"
                " ORDER BY put_unix DESC, id",
                codes,
            ).fetchall()
        return [id for (id,) in found]

    def give_up(self, id: str) -> bool:
        """Record that a supervisor has taken note of a lost request. Returns False if it is none."""
        with self._database.transaction() as connection:
            done = connection.execute(
                "UPDATE requests SET code = ? WHERE id = ? AND state = 'wedged' AND code = ?",
                (Code.REQUEST_GIVEN_UP.value, id, Code.REQUEST_LOST.value),
            )
            return done.rowcount == 1

    def ids(self) -> set[str]:
        """Return the ids of all requests."""
        with self._database.reading() as connection:
            return {id for (id,) in connection.execute("SELECT id FROM requests").fetchall()}

    def purge(self, before: float) -> int:
        """Delete requests delivered before that time and return how many. Others are never purged."""
        with self._database.transaction() as connection:
            done = connection.execute(
                "DELETE FROM requests WHERE state = 'delivered' AND settled_unix < ?", (before,)
            )
            return done.rowcount

    def probe(self, at: float) -> None:
        """Write one row, to find out whether the disk takes writes now."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO heartbeat VALUES (1, ?)", (at,))

    def record_contact(self, at: float) -> None:
        """Record when central last answered."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO contact VALUES (1, ?)", (at,))

    def backlog(self, now: float) -> Backlog:
        """Return what waits and for how long, at the time `now`."""
        with self._database.reading() as connection:
            count, oldest = connection.execute(
                "SELECT count(*), min(put_unix) FROM requests WHERE state = 'waiting'"
            ).fetchone()
            contact = connection.execute("SELECT at_unix FROM contact").fetchone()
        return Backlog(
            waiting=count,
            oldest_s=None if oldest is None else now - oldest,
            silent_s=None if contact is None else now - contact[0],
        )

    def counts(self) -> RequestCounts:
        """Return the number of requests in each state."""
        with self._database.reading() as connection:
            found = connection.execute("SELECT state, count(*) FROM requests GROUP BY state").fetchall()
        return RequestCounts(**dict(found))

    def list(self) -> list[RequestSummary]:
        """Return all requests, newest first."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT id, state, put_unix, tries, not_before, code, receipt FROM requests"
                " ORDER BY put_unix DESC, id"
            ).fetchall()
        return [
            RequestSummary(
                id=id,
                state=RequestState(state),
                put_unix=put_unix,
                tries=tries,
                not_before=not_before,
                code=None if code is None else Code(code),
                receipt=None if receipt is None else msgspec.json.decode(receipt, type=ActivationReceipt),
            )
            for id, state, put_unix, tries, not_before, code, receipt in found
        ]

    def undelivered(self) -> Sequence[QueuedRequest]:
        """Return every request without a final receipt, oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(
                f"{_SELECT} FROM requests WHERE state <> 'delivered' ORDER BY put_unix, id"
            ).fetchall()
        return [_queued(row) for row in found]

    def receipt(self, id: str) -> ActivationReceipt | None:
        """Return central's newest receipt for a request, None if there is none."""
        return next((request.receipt for request in self.list() if request.id == id), None)


def _queued(row: tuple[Any, ...]) -> QueuedRequest:
    id, state, body, digest, sent, tries, put_unix, boot, boot_s = row
    return QueuedRequest(
        id=id,
        state=RequestState(state),
        body=body,
        digest=digest,
        sent=bool(sent),
        tries=tries,
        put_unix=put_unix,
        moment=None if boot is None else Moment(boot, boot_s),
    )
