"""What lies in the outbox's file, counted: for the privacy report and the job that erases.

`take_inventory` only reads, over a connection of its own, so it works beside a running terminal; it selects
sizes and times, never a body, a number or a receipt.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from kiosk.activation.database import Database
from kiosk.activation.outbox import Outbox
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.model import StoredAmount

OUTBOX_FILE = "outbox.sqlite3"


class Inventory(Struct, frozen=True):
    """By kind. `challenges` spans the times until which they are good."""

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
_CHALLENGES = "SELECT count(*), total(length(token)), min(expires_unix), max(expires_unix) FROM challenges"


def take_inventory(file: Path) -> Inventory:
    """Nothing where there is no file. Raises OutboxError(OUTBOX_DAMAGED) for one that cannot be read."""
    if not file.exists():
        return Inventory()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as found:
            spans = {row[0]: _span(row[1:]) for row in found.execute(_REQUESTS)}
            return Inventory(**spans, challenges=_span(found.execute(_CHALLENGES).fetchone()))
    except sqlite3.Error as error:
        raise OutboxError(Code.OUTBOX_DAMAGED, type(error).__name__) from None


def erase_delivered(file: Path, before: float) -> None:
    """Receipts settled before that time go, also from SQLite's log. Raises OutboxError."""
    database = Database(file)
    try:
        Outbox(database).purge(before)
        database.scrub()
    finally:
        database.close()


def erase_challenges(file: Path, before: float) -> None:
    """Challenges that were good until then go. Raises OutboxError."""
    database = Database(file)
    try:
        with database.change() as connection:
            connection.execute("DELETE FROM challenges WHERE expires_unix < ?", (before,))
        database.scrub()
    finally:
        database.close()


def delivered_before(file: Path, before: float) -> StoredAmount:
    """Raises OutboxError."""
    return _counted(file, _OLD_RECEIPTS, before)


def challenges_before(file: Path, before: float) -> StoredAmount:
    """Raises OutboxError."""
    return _counted(file, f"{_CHALLENGES} WHERE expires_unix < ?", before)


_OLD_RECEIPTS = """
    SELECT count(*), total(length(id) + length(receipt)), min(settled_unix), max(settled_unix)
    FROM requests WHERE state = 'delivered' AND settled_unix < ?
"""


def _counted(file: Path, query: str, before: float) -> StoredAmount:
    if not file.exists():
        return StoredAmount()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as found:
            return _span(found.execute(query, (before,)).fetchone())
    except sqlite3.Error as error:
        raise OutboxError(Code.OUTBOX_DAMAGED, type(error).__name__) from None


def _span(row: tuple[int, float, float | None, float | None]) -> StoredAmount:
    count, size, first, last = row
    return StoredAmount(count, int(size), first, last)
