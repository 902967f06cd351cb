"""Sends each reminder once: planned into the database first, then handed to the carrier, then marked as sent.

A crash between the last two hands it over again with the same key, which the carrier does not carry twice.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from permit.cards.cards import Typed, china_day
from permit.cards.notices import LEASE_S, MAX_TRIES, RETRY_S
from permit.domain.endorsements import Dead, remaining
from permit.domain.reminders import DAYS_BEFORE, Expiry, due_reminders
from permit.messages.port import Delivery, MessagePort, ReminderMessage, send
from permit.protection import Protection
from permit.registry.port import Record
from permit.storage.database import Database
from permit.storage.tables import Card, ReminderState, StoredReminder


@dataclass(frozen=True)
class _Due:
    card: str
    key: str


class Reminders:
    """Plans and sends reminders."""

    def __init__(
        self,
        *,
        database: Database,
        protection: Protection,
        messages: MessagePort,
        clock: Callable[[], float] = time.time,
        days_before: Collection[int] = DAYS_BEFORE,
    ) -> None:
        self._database = database
        self._protection = protection
        self._messages = messages
        self._clock = clock
        self._days_before = tuple(days_before)

    def plan(self, card: str) -> None:
        """Store the reminders of a card that are due today, unless they are stored already."""
        now = self._clock()
        with self._database.write() as session:
            row = session.get(Card, card, with_for_update=True)
            if row is None or row.record is None:
                return
            stored = set(session.scalars(select(StoredReminder.key).where(StoredReminder.card == card)))
            for reminder in due_reminders(self._expiries(row), stored, china_day(now), self._days_before):
                waiting = ReminderState.WAITING.value
                session.add(StoredReminder(card=card, key=reminder.key, state=waiting, next_unix=now))

    def send_due(self, limit: int = 20) -> int:
        """Hand over reminders that are due, and return how many were accepted."""
        return sum(self._send(one) for one in self._take(limit))

    def _expiries(self, row: Card) -> list[Expiry]:
        """Return what the holder wants reminders of; an endorsement only if something of it remains."""
        if row.record is None:
            return []
        record = self._protection.open(row.record, Record)
        today = china_day(self._clock())
        found = [Expiry("permit", record.permit.expires)] if row.remind_permit else []
        for endorsement in record.endorsements if row.remind_endorsements else ():
            if not isinstance(remaining(endorsement, record.crossings, today), Dead):
                found.append(Expiry(f"{endorsement.region}/{endorsement.id}", endorsement.expires))
        return found

    def _take(self, limit: int) -> list[_Due]:
        """Lease reminders that are due to this process."""
        now = self._clock()
        waiting = StoredReminder.state == ReminderState.WAITING.value
        query = select(StoredReminder).where(waiting, StoredReminder.next_unix <= now)
        with self._database.write() as session:
            rows = session.scalars(
                query.order_by(StoredReminder.next_unix).limit(limit).with_for_update(skip_locked=True)
            ).all()
            for row in rows:
                row.next_unix = now + LEASE_S
                row.tries += 1
            return [_Due(row.card, row.key) for row in rows]

    def _send(self, due: _Due) -> bool:
        message = self._message(due)
        if message is None:
            self._settle(due, ReminderState.DROPPED)
            return False
        delivery = send(self._messages, f"{due.card}/{due.key}", message)
        if delivery is Delivery.LATER:
            self._put_off(due)
            return False
        accepted = delivery is Delivery.ACCEPTED
        self._settle(due, ReminderState.SENT if accepted else ReminderState.DROPPED)
        return accepted

    def _message(self, due: _Due) -> ReminderMessage | None:
        """Return the message; None if the card has ended, wants none, or the day has passed or is another."""
        with self._database.read() as session:
            row = session.get_one(Card, due.card)
            if row.holder is None:
                return None
            typed = self._protection.open(row.holder, Typed)
            expiries = self._expiries(row)
        today = china_day(self._clock())
        for expiry in expiries:
            if due.key.startswith(f"{expiry.item}/{expiry.day.isoformat()}/") and today <= expiry.day:
                item = expiry.item.partition("/")[0]
                days_left = (expiry.day - today).days
                return ReminderMessage(typed.phone, item, expiry.day, days_left, typed.language)
        return None

    def _put_off(self, due: _Due) -> None:
        with self._database.write() as session:
            row = self._row(session, due)
            row.next_unix = self._clock() + RETRY_S
            if row.tries >= MAX_TRIES:
                row.state = ReminderState.DROPPED.value

    def _settle(self, due: _Due, state: ReminderState) -> None:
        sent = self._clock() if state is ReminderState.SENT else None
        with self._database.write() as session:
            session.execute(
                update(StoredReminder)
                .where(StoredReminder.card == due.card, StoredReminder.key == due.key)
                .values(state=state.value, sent_unix=sent)
            )

    def _row(self, session: Session, due: _Due) -> StoredReminder:
        return session.get_one(StoredReminder, (due.card, due.key), with_for_update=True)
