"""Requests for new endorsements: judged by rules, handed to the registry once, followed to their end."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from permit.cards.cards import Typed, china_day
from permit.cards.notices import add_notice
from permit.codes import Code
from permit.domain.renewal import RenewalRefusal, Wish, renewal_refusals
from permit.errors import PermitError
from permit.messages.port import News, NewsMessage
from permit.protection import Protection
from permit.registry.port import Holder, Progress, Record, Registry, renew
from permit.storage.database import Database
from permit.storage.tables import Card, Renewal, RenewalState

LEASE_S = 60.0
ASK_S = 3600.0
"""How often the registry is asked about a request that it has received."""
_OPEN = (RenewalState.WAITING.value, RenewalState.RECEIVED.value)


@dataclass(frozen=True)
class RenewalView:
    """A request as its holder sees it."""

    wish: Wish
    state: RenewalState
    asked_unix: float


class Renewals:
    """Takes requests and follows them."""

    def __init__(
        self,
        *,
        database: Database,
        protection: Protection,
        registry: Registry,
        clock: Callable[[], float] = time.time,
        ask_s: float = ASK_S,
    ) -> None:
        self._database = database
        self._protection = protection
        self._registry = registry
        self._clock = clock
        self._ask_s = ask_s

    def request(self, card: str, wish: Wish) -> Sequence[RenewalRefusal]:
        """Store a request and return the reasons against it; none: it is stored, once however often asked.

        A second request for the same region waits for none: the open one stays. Raises PermitError if the
        card has ended.
        """
        now = self._clock()
        with self._database.write() as session:
            row = session.get(Card, card, with_for_update=True)
            if row is None or row.record is None:
                raise PermitError(Code.CARD_ENDED)
            permit = self._protection.open(row.record, Record).permit
            refusals = renewal_refusals(permit, wish, china_day(now))
            if not refusals and not self._is_asked_for(session, card, wish):
                session.add(
                    Renewal(
                        id=secrets.token_urlsafe(32),
                        card=card,
                        wish=self._protection.seal(wish),
                        state=RenewalState.WAITING.value,
                        asked_unix=now,
                        next_unix=now,
                    )
                )
        return refusals

    def of_card(self, card: str) -> list[RenewalView]:
        """Return the requests of a card, the newest first."""
        query = select(Renewal).where(Renewal.card == card).order_by(Renewal.asked_unix.desc())
        with self._database.read() as session:
            return [
                RenewalView(self._protection.open(row.wish, Wish), RenewalState(row.state), row.asked_unix)
                for row in session.scalars(query)
            ]

    def advance_due(self, limit: int = 20) -> None:
        """Ask the registry about requests that are due; those another process asks about are left to it."""
        for request, holder, wish in self._take(limit):
            self._store(request, renew(self._registry, request, holder, wish))

    def _is_asked_for(self, session: Session, card: str, wish: Wish) -> bool:
        query = select(Renewal.wish).where(Renewal.card == card, Renewal.state.in_(_OPEN))
        open_wishes = (self._protection.open(sealed, Wish) for sealed in session.scalars(query))
        return any(one.region is wish.region for one in open_wishes)

    def _take(self, limit: int) -> list[tuple[str, Holder, Wish]]:
        now = self._clock()
        query = (
            select(Renewal, Card.holder)
            .join(Card, Card.id == Renewal.card)
            .where(Renewal.state.in_(_OPEN), Renewal.next_unix <= now)
            .order_by(Renewal.next_unix)
            .limit(limit)
            .with_for_update(skip_locked=True, of=Renewal)
        )
        taken = []
        with self._database.write() as session:
            for row, sealed in session.execute(query).all():
                row.next_unix = now + LEASE_S
                if sealed is None:  # the card has ended
                    row.state = RenewalState.REFUSED.value
                    continue
                holder = self._protection.open(sealed, Typed).holder
                taken.append((row.id, holder, self._protection.open(row.wish, Wish)))
        return taken

    def _store(self, request: str, progress: Progress) -> None:
        now = self._clock()
        with self._database.write() as session:
            row = session.get_one(Renewal, request, with_for_update=True)
            if row.state not in _OPEN:
                return
            if progress is not Progress.UNAVAILABLE:
                row.state = progress.value
            row.next_unix = now + self._ask_s
            if progress in (Progress.ISSUED, Progress.REFUSED):
                session.execute(update(Card).where(Card.id == row.card).values(refresh_unix=now))
                self._add_news(session, row, progress)

    def _add_news(self, session: Session, row: Renewal, progress: Progress) -> None:
        sealed = session.get_one(Card, row.card).holder
        if sealed is None:
            return
        typed = self._protection.open(sealed, Typed)
        news = News.RENEWAL_ISSUED if progress is Progress.ISSUED else News.RENEWAL_REFUSED
        message = NewsMessage(typed.phone, news, typed.language)
        add_notice(session, self._protection, f"renewal/{row.id}", message, self._clock())
