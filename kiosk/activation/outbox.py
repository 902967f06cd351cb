"""The durable queue of activation requests.

    put ─▶ waiting ─────────────────▶ delivered   the receipt is kept, the body erased, in one transaction
             │ ▲  └▶ pending ────────▶ delivered   central said "later": the body is erased, it is asked again
             ▼ │ retry │
            wedged ◀───┘                           hopeless: visible, skipped, never lost

A wedged row without a body stands for a request that was promised and is not here any more (`ledger.py`).

Times are wall-clock seconds given by the caller. The wall clock may be set back: a row whose waiting was
decided "in the future" (`tried_unix` > now) is due at once, so no row waits longer than twice its delay.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from kiosk.activation.database import Database
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.model import Receipt, RequestStatus


class State(StrEnum):
    """Where a request is; see the picture above."""

    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    WEDGED = "wedged"


class Row(Struct, frozen=True):
    """A request that is due."""

    id: str
    state: State
    body: bytes | None
    digest: bytes
    sent: bool  # central may have it
    tries: int

    @property
    def intact(self) -> bool:
        """Are the bytes those that were put? SQLite itself does not notice a flipped bit in a value."""
        return self.body is None or sha256(self.body).digest() == self.digest


class Entry(Struct, frozen=True):
    """What staff may see of a request: nothing personal."""

    id: str
    state: State
    put_unix: float
    tries: int
    not_before: float
    code: Code | None
    receipt: Receipt | None


class Counts(Struct, frozen=True):
    waiting: int = 0
    pending: int = 0
    delivered: int = 0
    wedged: int = 0


class Backlog(Struct, frozen=True):
    """What has not reached central yet, and since when nothing has been heard from it."""

    waiting: int = 0
    oldest_s: float | None = None  # how long the oldest waits
    silent_s: float | None = None  # since the last sign of life; None: there never was one


class Outbox:
    """Every method is one transaction and raises OutboxError when the disk cannot keep the promise."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, id: str, body: bytes, at: float) -> None:
        """On disk when it returns. The same id with the same body again: nothing happens.

        Raises OutboxError(REQUEST_KEY_REUSED) for the same id with another body.
        """
        digest = sha256(body).digest()
        with self._database.change() as connection:
            known = connection.execute("SELECT digest FROM requests WHERE id = ?", (id,)).fetchone()
            if known is None:
                connection.execute(
                    "INSERT INTO requests (id, state, put_unix, digest, body, tried_unix, not_before)"
                    " VALUES (?, 'waiting', ?, ?, ?, ?, ?)",
                    (id, at, digest, body, at, at),
                )
            elif known[0] != digest:
                raise OutboxError(Code.REQUEST_KEY_REUSED, "the same number with another body")

    def next_due(self, now: float) -> Row | None:
        """The row to be seen to now, or None.

        The least often tried first, so a bad one never blocks the others; among equals the oldest.
        """
        with self._database.look() as connection:
            found = connection.execute(
                "SELECT id, state, body, digest, sent, tries FROM requests"
                " WHERE state IN ('waiting', 'pending') AND (not_before <= :now OR tried_unix > :now)"
                " ORDER BY tries, put_unix, id LIMIT 1",
                {"now": now},
            ).fetchone()
        return None if found is None else _row(found)

    def due_in(self, now: float) -> float | None:
        """Seconds until a row is due, 0 if one is; None if nothing is open."""
        with self._database.look() as connection:
            found = connection.execute(
                "SELECT min(CASE WHEN tried_unix > :now THEN :now ELSE not_before END)"
                " FROM requests WHERE state IN ('waiting', 'pending')",
                {"now": now},
            ).fetchone()[0]
        return None if found is None else max(0.0, found - now)

    def begin(self, id: str, at: float, not_before: float) -> None:
        """Note, before anything goes out, that central may have the request from now on.

        One more try is counted and the next one put off to `not_before` here already: whatever kills us
        during the call finds a row that is neither forgotten nor tried in a tight circle.
        """
        with self._database.change() as connection:
            connection.execute(
                "UPDATE requests SET sent = (sent OR state = 'waiting'), tries = tries + 1,"
                " tried_unix = ?, not_before = ? WHERE id = ? AND state IN ('waiting', 'pending')",
                (at, not_before, id),
            )

    def note(self, id: str, code: Code) -> None:
        """Why the last try went wrong, for staff."""
        with self._database.change() as connection:
            connection.execute("UPDATE requests SET code = ? WHERE id = ?", (code.value, id))

    def settle(self, id: str, receipt: Receipt, at: float, recheck: float) -> bool:
        """Store central's answer and erase the body, in one transaction.

        PENDING is asked for again at `recheck`. True if the answer is news: a delivered request keeps the
        receipt it has, and PENDING again is no news.
        """
        with self._database.change() as connection:
            before = connection.execute(
                "SELECT state FROM requests WHERE id = ? AND state <> 'delivered'", (id,)
            ).fetchone()
            if before is None:
                return False
            state = State.PENDING if receipt.status is RequestStatus.PENDING else State.DELIVERED
            connection.execute(
                "UPDATE requests SET state = ?, body = NULL, receipt = ?, code = ?, tries = 0,"
                " tried_unix = ?, not_before = ?, settled_unix = ? WHERE id = ?",
                (state.value, msgspec.json.encode(receipt), receipt.code.value, at, recheck, at, id),
            )
            return bool(before[0] != state.value)

    def scrub(self) -> None:
        """Let erased bodies vanish from the log file too."""
        self._database.scrub()

    def wedge(self, id: str, code: Code, at: float) -> None:
        """Set aside as hopeless. The body stays, for staff to `retry` or to hand over."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE requests SET state = 'wedged', code = ?, settled_unix = ?"
                " WHERE id = ? AND state IN ('waiting', 'pending')",
                (code.value, at, id),
            )

    def retry(self, id: str, at: float) -> bool:
        """Staff: send a wedged request once more. False if it is not wedged."""
        with self._database.change() as connection:
            done = connection.execute(
                "UPDATE requests SET state = iif(body IS NULL, 'pending', 'waiting'), tries = 0,"
                " tried_unix = ?, not_before = ? WHERE id = ? AND state = 'wedged'"
                " AND (body IS NOT NULL OR receipt IS NOT NULL)",
                (at, at, id),
            )
            return done.rowcount == 1

    def release(self, at: float) -> None:
        """The line is back: what waited because of it is due at once."""
        with self._database.change() as connection:
            connection.execute(
                "UPDATE requests SET tried_unix = :at, not_before = :at"
                " WHERE state = 'waiting' OR (state = 'pending' AND tries > 0)",
                {"at": at},
            )

    def lose(self, id: str, at: float) -> None:
        """A promised request is not here any more: a row in its place, wedged, without a body."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO requests"
                " (id, state, put_unix, digest, sent, tried_unix, not_before, code, settled_unix)"
                " VALUES (?, 'wedged', ?, x'', 1, ?, ?, ?, ?)",
                (id, at, at, at, Code.REQUEST_LOST.value, at),
            )

    def lost(self, *, noted: bool = False) -> list[str]:
        """Of those rows the numbers that nobody has taken note of yet; `noted`: all, the newest first."""
        codes = (Code.REQUEST_LOST.value, Code.REQUEST_GIVEN_UP.value if noted else "")
        with self._database.look() as connection:
            found = connection.execute(
                "SELECT id FROM requests WHERE state = 'wedged' AND body IS NULL AND code IN (?, ?)"
                " ORDER BY put_unix DESC, id",
                codes,
            ).fetchall()
        return [id for (id,) in found]

    def give_up(self, id: str) -> bool:
        """A supervisor has taken note of a lost request. False if it is none."""
        with self._database.change() as connection:
            done = connection.execute(
                "UPDATE requests SET code = ? WHERE id = ? AND state = 'wedged' AND code = ?",
                (Code.REQUEST_GIVEN_UP.value, id, Code.REQUEST_LOST.value),
            )
            return done.rowcount == 1

    def ids(self) -> set[str]:
        """The numbers of all requests that are here."""
        with self._database.look() as connection:
            return {id for (id,) in connection.execute("SELECT id FROM requests").fetchall()}

    def purge(self, before: float) -> int:
        """Forget requests delivered before that time; how many. Open and wedged ones are never purged."""
        with self._database.change() as connection:
            done = connection.execute(
                "DELETE FROM requests WHERE state = 'delivered' AND settled_unix < ?", (before,)
            )
            return done.rowcount

    def probe(self, at: float) -> None:
        """Write something: can promises be kept now?"""
        with self._database.change() as connection:
            connection.execute("INSERT OR REPLACE INTO heartbeat VALUES (1, ?)", (at,))

    def note_contact(self, at: float) -> None:
        """Central was heard."""
        with self._database.change() as connection:
            connection.execute("INSERT OR REPLACE INTO contact VALUES (1, ?)", (at,))

    def backlog(self, now: float) -> Backlog:
        with self._database.look() as connection:
            count, oldest = connection.execute(
                "SELECT count(*), min(put_unix) FROM requests WHERE state = 'waiting'"
            ).fetchone()
            heard = connection.execute("SELECT at_unix FROM contact").fetchone()
        silent = None if heard is None else max(0.0, now - heard[0])
        return Backlog(count, None if oldest is None else max(0.0, now - oldest), silent)

    def counts(self) -> Counts:
        with self._database.look() as connection:
            found = connection.execute("SELECT state, count(*) FROM requests GROUP BY state").fetchall()
        return Counts(**dict(found))

    def list(self) -> list[Entry]:
        """All requests, newest first."""
        with self._database.look() as connection:
            found = connection.execute(
                "SELECT id, state, put_unix, tries, not_before, code, receipt FROM requests"
                " ORDER BY put_unix DESC, id"
            ).fetchall()
        return [_entry(row) for row in found]

    def undelivered(self) -> Sequence[Row]:
        """Everything central has not given its last word on, oldest first."""
        with self._database.look() as connection:
            found = connection.execute(
                "SELECT id, state, body, digest, sent, tries FROM requests"
                " WHERE state <> 'delivered' ORDER BY put_unix, id"
            ).fetchall()
        return [_row(row) for row in found]

    def receipt(self, id: str) -> Receipt | None:
        """Central's last word on a request, if it has spoken."""
        return next((entry.receipt for entry in self.list() if entry.id == id), None)


def _row(row: tuple[Any, ...]) -> Row:
    id, state, body, digest, sent, tries = row
    return Row(id, State(state), body, digest, bool(sent), tries)


def _entry(row: tuple[Any, ...]) -> Entry:
    id, state, put_unix, tries, not_before, code, receipt = row
    return Entry(
        id=id,
        state=State(state),
        put_unix=put_unix,
        tries=tries,
        not_before=not_before,
        code=None if code is None else Code(code),
        receipt=None if receipt is None else msgspec.json.decode(receipt, type=Receipt),
    )
