"""Binds a permit to a person, in three steps that may lie days apart.

    begin   the person types permit number, ID number, name and mobile number; the registry is asked
    resume  the registry did not know the permit, or did not answer: it is asked again by plan, and what was
            typed stays, so that nothing is typed twice
    claim   central has authenticated the person: the card is made, one for each person

The claim is one transaction, and the database admits one open card for a person and one for a permit.
Repeated, in parallel or after a crash, it returns the same card.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from permit.cards.cards import REFRESH_S, Typed, china_day
from permit.cards.notices import add_notice
from permit.codes import Code
from permit.domain.numbers import is_id_number, is_permit_number
from permit.domain.renewal import ISSUER
from permit.errors import PermitError
from permit.messages.port import News, NewsMessage
from permit.protection import Protection
from permit.registry.port import Absence, Holder, Record, Registry, ask
from permit.storage.database import Database
from permit.storage.tables import Binding, BindingState, Card

AFTER_S = (60.0, 300.0, 1200.0, 3600.0, 4 * 3600.0, 12 * 3600.0, *(24 * 3600.0,) * 6)
"""Pauses before the registry is asked again: a new permit should be there after 20 minutes; a week in all."""
LEASE_S = 30.0
DAY_S = 86_400.0
A_DAY = 10
"""Bindings of one person that may begin in 24 hours: the registry is not for guessing."""
MAX_DAYS = 30.0
"""How long a binding that is not finished keeps what was typed."""


@dataclass(frozen=True)
class Standing:
    """How a binding stands. `next_unix`: when the registry is asked again."""

    state: BindingState
    code: Code
    next_unix: float | None
    card: str | None


@dataclass(frozen=True)
class Authentication:
    """What central told about the person who was expected: it was them, at this level, at this time."""

    subject: str
    level: str
    at_unix: float


class Bindings:
    """Begins bindings, asks the registry for those that wait, and makes cards."""

    def __init__(
        self,
        *,
        database: Database,
        protection: Protection,
        registry: Registry,
        clock: Callable[[], float] = time.time,
        after_s: Sequence[float] = AFTER_S,
    ) -> None:
        self._database = database
        self._protection = protection
        self._registry = registry
        self._clock = clock
        self._after_s = tuple(after_s)

    def begin(self, typed: Typed) -> str:
        """Store what was typed, ask the registry, and return the binding's secret id.

        Raises PermitError if a number cannot be one, or the person began too often.
        """
        holder = typed.holder
        if not is_permit_number(holder.permit_number):
            raise PermitError(Code.NUMBER_MALFORMED)
        if not is_id_number(holder.id_number):
            raise PermitError(Code.ID_MALFORMED)
        now = self._clock()
        row = Binding(
            id=secrets.token_urlsafe(32),
            typed=self._protection.seal(typed),
            person=self._protection.pseudonym("person", holder.id_number),
            permit=self._protection.pseudonym("permit", holder.permit_number),
            phone=self._protection.pseudonym("phone", typed.phone),
            state=BindingState.WAITING.value,
            code=Code.UNAVAILABLE.value,
            next_unix=now,
            lease_unix=now + LEASE_S,
            began_unix=now,
        )
        of_person = select(func.count()).where(Binding.person == row.person, Binding.began_unix > now - DAY_S)
        with self._database.write() as session:
            self._database.serialise(session, f"binding|{row.person}")
            if (session.scalar(of_person) or 0) >= A_DAY:
                raise PermitError(Code.BINDINGS_TOO_MANY)
            session.add(row)
        self._ask(row.id, holder)
        return row.id

    def standing(self, binding: str) -> Standing:
        """Return how a binding stands. Raises PermitError if it is not known."""
        with self._database.read() as session:
            row = _known(session, binding)
            return Standing(BindingState(row.state), Code(row.code), row.next_unix, row.card)

    def expected(self, binding: str) -> Holder:
        """Return whom central is to authenticate. Raises PermitError if the binding is not ready."""
        with self._database.read() as session:
            row = _known(session, binding)
            if row.state != BindingState.READY or row.typed is None:
                raise PermitError(Code.BINDING_NOT_READY)
            return self._protection.open(row.typed, Typed).holder

    def typed(self, binding: str) -> Typed | None:
        """Return what was typed for a binding; None if it is erased. Raises PermitError."""
        with self._database.read() as session:
            row = _known(session, binding)
            return None if row.typed is None else self._protection.open(row.typed, Typed)

    def newest_of_phone(self, phone: str) -> str | None:
        """Return the newest binding of a mobile number for which something typed is kept; None if none is."""
        query = (
            select(Binding.id)
            .where(Binding.phone == self._protection.pseudonym("phone", phone), Binding.typed.is_not(None))
            .order_by(Binding.began_unix.desc())
        )
        with self._database.read() as session:
            return session.scalar(query.limit(1))

    def due(self, limit: int = 20) -> list[str]:
        """Return bindings for which the registry is to be asked now."""
        now = self._clock()
        query = (
            select(Binding.id)
            .where(Binding.state == BindingState.WAITING.value, Binding.next_unix <= now)
            .where(Binding.lease_unix <= now)
            .order_by(Binding.next_unix)
        )
        with self._database.read() as session:
            return list(session.scalars(query.limit(limit)))

    def resume(self, binding: str) -> None:
        """Ask the registry for a binding that is due, unless another process does."""
        now = self._clock()
        taken = (
            update(Binding)
            .where(Binding.id == binding, Binding.state == BindingState.WAITING.value)
            .where(Binding.next_unix <= now, Binding.lease_unix <= now)
            .values(lease_unix=now + LEASE_S)
            .returning(Binding.typed)
        )
        with self._database.write() as session:
            sealed = session.scalar(taken)
        if sealed is not None:
            self._ask(binding, self._protection.open(sealed, Typed).holder)

    def claim(self, binding: str, authentication: Authentication) -> str:
        """Return the id of the person's card, made now unless it is there.

        Raises PermitError if the binding is not ready, or the permit is on another person's card.
        """
        try:
            return self._claim(binding, authentication)
        except IntegrityError:  # another made the person's card at the same moment: it is found now
            pass
        try:
            return self._claim(binding, authentication)
        except IntegrityError:
            raise PermitError(Code.BOUND_TO_ANOTHER) from None

    def erase_old(self) -> int:
        """Erase what was typed for bindings that nobody finished in time, and return how many."""
        old = (
            update(Binding)
            .where(Binding.typed.is_not(None), Binding.began_unix < self._clock() - MAX_DAYS * DAY_S)
            .values(
                typed=None,
                record=None,
                next_unix=None,
                state=BindingState.REFUSED.value,
                code=Code.BINDING_OVER.value,
            )
            .returning(Binding.id)
        )
        with self._database.write() as session:
            return len(session.scalars(old).all())

    def _claim(self, binding: str, authentication: Authentication) -> str:
        with self._database.write() as session:
            row = session.get(Binding, binding, with_for_update=True)
            if row is None:
                raise PermitError(Code.BINDING_UNKNOWN)
            if row.state == BindingState.CLAIMED and row.card is not None:
                if session.get_one(Card, row.card).subject == authentication.subject:
                    return row.card
                raise PermitError(Code.BOUND_TO_ANOTHER)
            if row.state != BindingState.READY or row.typed is None:
                raise PermitError(Code.BINDING_NOT_READY)
            card = self._card_of(session, row)
            card.permit, card.record = row.permit, row.record
            card.holder = self._protection.seal(self._protection.open(row.typed, Typed))
            card.subject, card.level = authentication.subject, authentication.level
            card.authenticated_unix = authentication.at_unix
            card.refresh_unix = self._clock() + REFRESH_S
            session.add(card)
            session.flush()
            row.state, row.code, row.card = BindingState.CLAIMED.value, Code.OK.value, card.id
            row.typed = row.record = None
            typed = self._protection.open(card.holder, Typed)
            self._add_news(session, f"claimed/{row.id}", typed, News.CARD_CLAIMED)
            return card.id

    def _card_of(self, session: Session, row: Binding) -> Card:
        """Return the person's open card, or a new one: who binds again on another phone has it there too."""
        query = select(Card).where(Card.person == row.person, Card.ended_unix.is_(None))
        found = session.scalar(query.with_for_update())
        return found or Card(id=secrets.token_urlsafe(32), person=row.person, claimed_unix=self._clock())

    def _ask(self, binding: str, holder: Holder) -> None:
        """Ask the registry and store its answer, or the time of the next question."""
        answer = ask(self._registry, holder)
        now = self._clock()
        with self._database.write() as session:
            row = session.get_one(Binding, binding, with_for_update=True)
            if row.state != BindingState.WAITING:
                return  # another was faster
            row.asked += 1
            row.lease_unix = 0.0
            state, code = self._judge(answer, row.asked, now)
            row.state, row.code = state.value, code.value
            waits = state is BindingState.WAITING
            row.next_unix = now + self._after_s[row.asked - 1] if waits else None
            if row.asked > 1 and not waits and row.typed is not None:  # the person has left the page
                news = News.PERMIT_FOUND if state is BindingState.READY else News.PERMIT_REFUSED
                self._add_news(session, f"binding/{row.id}", self._protection.open(row.typed, Typed), news)
            if isinstance(answer, Record) and state is BindingState.READY:
                row.record = self._protection.seal(answer)
            elif state is BindingState.REFUSED:
                row.typed = None

    def _add_news(self, session: Session, key: str, typed: Typed, news: News) -> None:
        message = NewsMessage(typed.phone, news, typed.language)
        add_notice(session, self._protection, key, message, self._clock())

    def _judge(self, answer: Record | Absence, asked: int, now: float) -> tuple[BindingState, Code]:
        if isinstance(answer, Record):
            code = _permit_refusal(answer, china_day(now))
            return (BindingState.REFUSED, code) if code is not None else (BindingState.READY, Code.OK)
        if answer is Absence.MISMATCH:
            return BindingState.REFUSED, Code.MISMATCH
        over = asked > len(self._after_s)
        state = BindingState.REFUSED if over else BindingState.WAITING
        if answer is Absence.UNAVAILABLE:
            return state, Code.UNAVAILABLE
        return state, Code.NEVER_KNOWN if over else Code.NOT_YET_KNOWN


def _permit_refusal(record: Record, today: date) -> Code | None:
    if record.permit.issuer != ISSUER:
        return Code.OTHER_PROVINCE
    return Code.PERMIT_EXPIRED if record.permit.expires < today else None


def _known(session: Session, binding: str) -> Binding:
    row = session.get(Binding, binding)
    if row is None:
        raise PermitError(Code.BINDING_UNKNOWN)
    return row
