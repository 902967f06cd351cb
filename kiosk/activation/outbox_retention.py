"""Count and erase the data in the outbox's file: for the privacy report and the erasure job.

`take_inventory` only reads, over a connection of its own, so it works beside a running terminal; it selects
sizes and times, never a body, a number or a receipt.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct

from kiosk.activation.database import BUSY_WAIT_S, Database, translated_errors
from kiosk.activation.outbox import Outbox
from kiosk.model import StoredAmount

OUTBOX_FILE = "outbox.sqlite3"


class Inventory(Struct, frozen=True, kw_only=True):
    """Number, size and time span of the rows by kind; of challenges the span of their expiry times."""

    waiting: StoredAmount = StoredAmount()
    pending: StoredAmount = StoredAmount()
    wedged: StoredAmount = StoredAmount()
    delivered: StoredAmount = StoredAmount()
    challenges: StoredAmount = StoredAmount()


_REQUESTS = """
    SELECT state, count(*), total(length(id) + ifnull(length(body), 0) + ifnull(length(receipt), 0)),
           min(iif(state = 'delivered', settled_unix, put_unix)),
           max(iif(state = 'delivered', settled_unix, put_unix))
    FROM requests GROUP BY state
"""
_OLD_RECEIPTS = """
    SELECT count(*), total(length(id) + length(receipt)), min(settled_unix), max(settled_unix)
    FROM requests WHERE state = 'delivered' AND settled_unix < ?
"""
_CHALLENGES = "SELECT count(*), total(length(sealed)), min(expires_unix), max(expires_unix) FROM challenges"


def take_inventory(file: Path) -> Inventory:
    """Count the rows by kind; all zero if there is no file. Raises OutboxError(OUTBOX_DAMAGED)."""
    if not file.exists():
        return Inventory()
    with _read_only(file) as connection:
        spans = {row[0]: _span(row[1:]) for row in connection.execute(_REQUESTS)}
        return Inventory(**spans, challenges=_span(connection.execute(_CHALLENGES).fetchone()))


def erase_delivered(file: Path, before: float) -> None:
    """Erase receipts settled before that time, also from SQLite's write-ahead log. Raises OutboxError."""
    database = Database(file)
    try:
        Outbox(database).purge(before)
        database.scrub()
    finally:
        database.close()


def erase_challenges(file: Path, before: float) -> None:
    """Erase challenges that expired before that time. Raises OutboxError."""
    database = Database(file)
    try:
        with database.transaction() as connection:
            connection.execute("DELETE FROM challenges WHERE expires_unix < ?", (before,))
        database.scrub()
    finally:
        database.close()


def delivered_before(file: Path, before: float) -> StoredAmount:
    """Count the receipts that `erase_delivered` would erase. Raises OutboxError."""
    return _counted(file, _OLD_RECEIPTS, before)


def challenges_before(file: Path, before: float) -> StoredAmount:
    """Count the challenges that `erase_challenges` would erase. Raises OutboxError."""
    return _counted(file, f"{_CHALLENGES} WHERE expires_unix < ?", before)


def _counted(file: Path, query: str, before: float) -> StoredAmount:
    if not file.exists():
        return StoredAmount()
    with _read_only(file) as connection:
        return _span(connection.execute(query, (before,)).fetchone())


@contextmanager
def _read_only(file: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with (
        translated_errors(file),
        closing(sqlite3.connect(uri, uri=True, timeout=BUSY_WAIT_S)) as connection,
    ):
        yield connection


def _span(row: tuple[int, float, float | None, float | None]) -> StoredAmount:
    count, size, first, last = row
    return StoredAmount(count=count, bytes=int(size), first_unix=first, last_unix=last)
