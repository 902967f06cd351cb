"""Sends messages about what happened, each once: stored with the change that they report, then handed over.

A crash between handing over and marking as sent hands a message over again with the same key, which the
carrier does not carry twice.
"""

import time
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from permit.messages.port import Delivery, MessagePort, NewsMessage, send
from permit.protection import Protection
from permit.storage.database import Database
from permit.storage.tables import ReminderState, StoredNotice

LEASE_S = 60.0
RETRY_S = 3600.0
MAX_TRIES = 48


def add_notice(session: Session, protection: Protection, key: str, message: NewsMessage, now: float) -> None:
    """Store a message in the caller's transaction, unless its key is there."""
    if session.get(StoredNotice, key) is None:
        waiting = ReminderState.WAITING.value
        session.add(StoredNotice(key=key, message=protection.seal(message), state=waiting, next_unix=now))


class Notices:
    """Hands over stored messages."""

    def __init__(
        self,
        *,
        database: Database,
        protection: Protection,
        messages: MessagePort,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._protection = protection
        self._messages = messages
        self._clock = clock

    def send_due(self, limit: int = 20) -> int:
        """Hand over messages that are due, and return how many were accepted."""
        return sum(self._send(key, sealed) for key, sealed in self._take(limit))

    def _take(self, limit: int) -> list[tuple[str, bytes]]:
        """Lease messages that are due to this process."""
        now = self._clock()
        query = (
            select(StoredNotice)
            .where(StoredNotice.state == ReminderState.WAITING.value, StoredNotice.next_unix <= now)
            .order_by(StoredNotice.next_unix)
        )
        with self._database.write() as session:
            rows = session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()
            for row in rows:
                row.next_unix = now + LEASE_S
                row.tries += 1
            return [(row.key, row.message) for row in rows if row.message is not None]

    def _send(self, key: str, sealed: bytes) -> bool:
        delivery = send(self._messages, key, self._protection.open(sealed, NewsMessage))
        with self._database.write() as session:
            row = session.get_one(StoredNotice, key, with_for_update=True)
            if delivery is Delivery.LATER and row.tries < MAX_TRIES:
                row.next_unix = self._clock() + RETRY_S
            else:
                accepted = delivery is Delivery.ACCEPTED
                row.state = (ReminderState.SENT if accepted else ReminderState.DROPPED).value
                row.message = None
        return delivery is Delivery.ACCEPTED
