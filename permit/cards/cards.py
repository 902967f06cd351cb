"""Cards: what they show, and how they are kept up to date and ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from permit.cards.notices import add_notice
from permit.domain.endorsements import Endorsement, Remaining, remaining
from permit.domain.renewal import Permit
from permit.messages.port import LANGUAGE, News, NewsMessage
from permit.protection import Protection
from permit.registry.port import Holder, Record, Registry, ask
from permit.storage.database import Database
from permit.storage.tables import BrowserSession, Card, ReminderState, StoredReminder

REFRESH_S = 6 * 3600.0
CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Typed:
    """What a person typed: whose permit it is, and where messages go."""

    holder: Holder
    phone: str
    language: str = LANGUAGE

    def __repr__(self) -> str:
        return "Typed(…)"


@dataclass(frozen=True)
class CardView:
    """What a card shows, as of the registry's time; for reference only, it replaces no document."""

    name: str
    permit: Permit
    remaining: tuple[tuple[Endorsement, Remaining], ...]
    as_of_unix: float
    level: str
    remind_permit: bool
    remind_endorsements: bool

    def __repr__(self) -> str:
        return "CardView(…)"


class Cards:
    """Shows, refreshes and ends cards."""

    def __init__(
        self,
        *,
        database: Database,
        protection: Protection,
        registry: Registry,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._protection = protection
        self._registry = registry
        self._clock = clock

    def of_subject(self, subject: str) -> str | None:
        """Return the id of the open card of whom central calls `subject` here; None if there is none."""
        query = select(Card.id).where(Card.subject == subject, Card.ended_unix.is_(None))
        with self._database.read() as session:
            return session.scalar(query)

    def show(self, card: str) -> CardView | None:
        """Return what an open card shows; None if it has ended or there is none."""
        with self._database.read() as session:
            row = session.get(Card, card)
            if row is None or row.record is None or row.holder is None:
                return None
            record = self._protection.open(row.record, Record)
            today = china_day(self._clock())
            left = tuple((one, remaining(one, record.crossings, today)) for one in record.endorsements)
            return CardView(
                name=self._protection.open(row.holder, Typed).holder.name,
                permit=record.permit,
                remaining=left,
                as_of_unix=record.as_of_unix,
                level=row.level,
                remind_permit=row.remind_permit,
                remind_endorsements=row.remind_endorsements,
            )

    def is_of(self, card: str, id_number: str) -> bool:
        """Return whether an open card is of the person with this ID number."""
        person = self._protection.pseudonym("person", id_number)
        with self._database.read() as session:
            row = session.get(Card, card)
            return row is not None and row.ended_unix is None and row.person == person

    def set_reminders(self, card: str, *, permit: bool, endorsements: bool) -> None:
        """Switch the reminders of a card on or off, by kind."""
        wanted = {"remind_permit": permit, "remind_endorsements": endorsements}
        with self._database.write() as session:
            session.execute(update(Card).where(Card.id == card).values(**wanted))

    def end(self, card: str) -> bool:
        """End a card and erase what it holds; return False if it had ended."""
        with self._database.write() as session:
            row = session.get(Card, card, with_for_update=True)
            if row is None or row.ended_unix is not None:
                return False
            row.ended_unix = now = self._clock()
            if row.holder is not None:
                typed = self._protection.open(row.holder, Typed)
                message = NewsMessage(typed.phone, News.CARD_ENDED, typed.language)
                add_notice(session, self._protection, f"ended/{card}", message, now)
            row.holder = row.record = None
            waiting = StoredReminder.state == ReminderState.WAITING.value
            session.execute(
                update(StoredReminder)
                .where(StoredReminder.card == card, waiting)
                .values(state=ReminderState.DROPPED.value)
            )
            session.execute(delete(BrowserSession).where(BrowserSession.card == card))
            return True

    def due(self, limit: int = 20) -> list[str]:
        """Return open cards for which the registry is to be asked again."""
        query = select(Card.id).where(Card.refresh_unix <= self._clock(), Card.ended_unix.is_(None))
        with self._database.read() as session:
            return list(session.scalars(query.order_by(Card.refresh_unix).limit(limit)))

    def refresh(self, card: str) -> None:
        """Ask the registry for a card that is due, unless another process does; unanswered, it stays."""
        now = self._clock()
        taken = (
            update(Card)
            .where(Card.id == card, Card.ended_unix.is_(None), Card.refresh_unix <= now)
            .values(refresh_unix=now + REFRESH_S)
            .returning(Card.holder)
        )
        with self._database.write() as session:
            sealed = session.scalar(taken)
        if sealed is None:
            return
        answer = ask(self._registry, self._protection.open(sealed, Typed).holder)
        if isinstance(answer, Record):
            with self._database.write() as session:
                self._store(session, card, answer)

    def _store(self, session: Session, card: str, answer: Record) -> None:
        row = session.get_one(Card, card, with_for_update=True)
        if row.record is None:  # ended meanwhile
            return
        if answer.as_of_unix >= self._protection.open(row.record, Record).as_of_unix:
            row.record = self._protection.seal(answer)


def china_day(unix: float) -> date:
    """Return the day in China."""
    return datetime.fromtimestamp(unix, CHINA).date()
