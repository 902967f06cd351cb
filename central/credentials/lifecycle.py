"""Life cycle of credentials: opened by an activation, changed by another, ended by their owner.

Requests of one person may arrive in any order, weeks late; what counts is when they were made. None undoes
what a later one did.
"""

import secrets
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.codes import Code
from central.credentials import reference_pictures
from central.credentials.suspension import By
from central.exceptions import Problem
from central.protocol.messages import Person, Purpose
from central.security.personal_data import PersonalData
from central.storage.database import Database
from central.storage.prepared import Columns, Prepared
from central.storage.tables import Activation, Credential, Ending

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TRIES = 5
CLOSED_S = 3600.0


def new_serial() -> str:
    """Return twelve random Crockford characters in three groups: public, says nothing about the person."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def prepare(
    person: Person, visit: str, asked_unix: float, simulated: bool, personal_data: PersonalData
) -> Credential:
    """Return a credential that is not stored yet. `asked_unix`: when the request was made.

    Takes some 50 ms for a password of version 1 of the wire, so call it outside of transactions. Number or
    password are empty where the purpose needs none: then it holds what an existing one is changed by.
    """
    serial = new_serial()
    guardian = person.guardian
    return Credential(
        serial=serial,
        activation=visit,
        person=personal_data.person(person.number),
        phone=personal_data.encrypt(person.phone, serial) if person.phone is not None else b"",
        password=personal_data.passwords.stored_form(person.password) if person.password is not None else "",
        simulated=simulated,
        asked_unix=asked_unix,
        guardian=personal_data.person(guardian.number) if guardian is not None else None,
    )


KNOWN = (
    select(Ending.asked_unix)
    .where(Ending.person == bindparam("person"))
    .scalar_subquery()
    .label("ended_unix"),
    select(Credential.serial)
    .where(Credential.person == bindparam("person"), Credential.revoked_unix.is_(None))
    .scalar_subquery()
    .label("open_serial"),
)
"""Parts of a prepared statement: what `opening` must know of `person`."""
WAIT_FOR_OTHERS = func.pg_advisory_xact_lock(bindparam("person_key", type_=BigInteger)).label("waited")
"""A part of a prepared statement, on PostgreSQL only: lets no other transaction open a person's credential
while this one looks whether it may. `person_key` has its parameter. SQLite has one writer."""
COLUMNS = Columns(Credential)
_KNOWN = Prepared(select(*KNOWN))
_WAIT = Prepared(select(WAIT_FOR_OTHERS))
_INSERT = Prepared(COLUMNS.insert)


def person_key(person: str) -> int:
    """Return the number of a person's lock: the beginning of the hash."""
    return int(person[:15], 16)


def opening(new: Credential, known: Any, now: float) -> Code:
    """Return whether the credential may be opened: `Code.OK`, or why not. `known`: a row with `KNOWN`.

    Nobody else may open one of the person meanwhile, see `WAIT_FOR_OTHERS`.
    """
    new.opened_unix = now
    if known.ended_unix is not None and known.ended_unix >= new.asked_unix:
        return Code.PERSON_ENDED
    return Code.OK if known.open_serial is None else Code.PERSON_ALREADY_OPEN


def carry_out(
    session: Session, purpose: Purpose, new: Credential, personal_data: PersonalData, now: float
) -> tuple[Code, str | None]:
    """Open, change or end. Return a code, and the serial if the code is OK (ERASE: None if none was open).

    No credential is changed on any other code. A person never has two open credentials: a constraint of the
    database decides, so no race can make two.
    """
    new.opened_unix = now
    _wait_for_others(session, new.person)
    known = _KNOWN(session, person=new.person).one()
    if known.ended_unix is not None and known.ended_unix >= new.asked_unix:
        return Code.PERSON_ENDED, None
    if purpose in (Purpose.END, Purpose.ERASE):
        session.merge(Ending(person=new.person, asked_unix=new.asked_unix, at_unix=now))
        return _end(session, purpose, new, now)
    if purpose is Purpose.OPEN:
        if (code := opening(new, known, now)) is not Code.OK:
            return code, None
        _INSERT(session, **COLUMNS.of(new))
        return Code.OK, new.serial
    # Twice: a transaction that waited for the row of a renewal on PostgreSQL finds it ended, and sees the new
    # row only with its next query.
    old = _find_open(session, new.person) or _find_open(session, new.person)
    if old is None:
        return Code.PERSON_NOT_OPEN, None
    if old.asked_unix > new.asked_unix:  # overtaken by a later visit, which counts
        return Code.PERSON_ALREADY_OPEN, None
    if purpose is Purpose.RENEW:
        return (Code.OK, new.serial) if _replace(session, new, old) else (Code.PERSON_ALREADY_OPEN, None)
    old.asked_unix, old.guardian = new.asked_unix, new.guardian
    old.phone = personal_data.encrypt(personal_data.decrypt(new.phone, new.serial), old.serial)
    if purpose is Purpose.NEW_PASSWORD:  # wrong tries at the old one are forgotten
        old.password, old.tries, old.closed_until_unix = new.password, 0, 0.0
    return Code.OK, old.serial


def _end(session: Session, purpose: Purpose, wish: Credential, now: float) -> tuple[Code, str | None]:
    """End the open credential, unless a later visit opened or changed it."""
    old = _find_open(session, wish.person)
    if old is None or old.asked_unix > wish.asked_unix:
        if purpose is Purpose.ERASE:  # of what was before there may be something to erase all the same
            if old is None:
                reference_pictures.forget(session, wish.person)
            return Code.OK, None
        return Code.PERSON_NOT_OPEN if old is None else Code.PERSON_ALREADY_OPEN, None
    old.revoked_unix = now
    reference_pictures.forget(session, old.person)
    return Code.OK, old.serial


def _wait_for_others(session: Session, person: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        _WAIT(session, person_key=person_key(person))


def _find_open(session: Session, person: str) -> Credential | None:
    query = select(Credential).where(Credential.person == person, Credential.revoked_unix.is_(None))
    return session.scalar(query.with_for_update())


def _replace(session: Session, new: Credential, old: Credential) -> bool:
    """Store `new` and end `old`, or neither; return False if the person has another open one beside `old`."""
    try:
        with session.begin_nested():
            old.revoked_unix, old.replaced_by = new.opened_unix, new.serial
            if old.suspended_by == By.OPERATOR:  # that only an operator lifts
                new.suspended_unix, new.suspended_by = old.suspended_unix, old.suspended_by
            reference_pictures.forget(session, old.person)
            session.flush()
            session.add(new)
    except IntegrityError:
        return False
    return True


def count(session: Session, visit: str | None = None) -> int:
    """Count the credentials, of one visit or of all."""
    query = select(func.count()).select_from(Credential)
    if visit is not None:
        query = query.where(Credential.activation == visit)
    return session.scalar(query) or 0


def revoke(
    database: Database, personal_data: PersonalData, serial: str, visit: str, password: str, now: float
) -> float:
    """End a credential and return when it ended, now or before.

    `visit`: the number of a visit that opened it or set its password. Raises Problem 403 (one answer for all
    that is wrong) or 429: five tries an hour. A try is stored before it is judged, so neither a restart nor
    many tries at once give more. The serial is public: only who knows such a number, of 80 random bits, gets
    to the password, so only their tries count, and a stranger cannot keep the owner out.
    """
    check_password(database, personal_data, visit, password, now, of=serial)
    with database.write() as session:
        row = session.get_one(Credential, serial, with_for_update=True)
        if row.revoked_unix is None:
            row.revoked_unix = now
            reference_pictures.forget(session, row.person)
        return row.revoked_unix


def check_password(
    database: Database, personal_data: PersonalData, visit: str, password: str, now: float, *, of: str = ""
) -> str:
    """Return the serial of the credential whose number and password these are.

    `visit`: as in `revoke`; `of`: the only serial that it may be. Takes as long as stretching a password.
    Raises Problem 403, 429 as `revoke`.
    """
    with database.write() as session:
        serial = session.scalar(select(Activation.credential).where(Activation.id == visit))
        row = None
        if serial is not None and of in ("", serial):
            row = session.get(Credential, serial, with_for_update=True)
        if row is not None:
            _count_try(row, now)
    password_agrees = (
        row is not None
        and row.password != ""  # erased
        and personal_data.passwords.agrees(password, row.password)
    )
    if row is None or not password_agrees:
        raise Problem(403, Code.PASSWORD_MISMATCH)
    with database.write() as session:
        right = session.get_one(Credential, row.serial, with_for_update=True)
        right.tries, right.closed_until_unix = 0, 0.0
    return row.serial


def _count_try(row: Credential, now: float) -> None:
    if row.closed_until_unix > now:
        raise Problem(429, Code.CENTRAL_BUSY, "too many tries", retry_after_s=row.closed_until_unix - now)
    row.tries += 1
    if row.tries >= TRIES:
        row.tries, row.closed_until_unix = 0, now + CLOSED_S
