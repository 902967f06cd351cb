"""Life cycle of credentials: opened by an activation, renewed by another, ended by their owner."""

import secrets

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.protocol.messages import Person, Purpose
from central.security.personal_data import PersonalData
from central.storage.database import Database
from central.storage.tables import Activation, Credential

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

    Takes some 50 ms for the password, so call it outside of transactions.
    """
    serial = new_serial()
    guardian = person.guardian
    return Credential(
        serial=serial,
        activation=visit,
        person=personal_data.person(person.number),
        phone=personal_data.encrypt(person.phone, serial),
        password=personal_data.hash_password(person.password),
        simulated=simulated,
        asked_unix=asked_unix,
        guardian=personal_data.person(guardian.number) if guardian is not None else None,
    )


def carry_out(
    session: Session, purpose: Purpose, new: Credential, personal_data: PersonalData, now: float
) -> tuple[Code, str | None]:
    """Open, renew or give a new password. Return a code, and the serial if the code is OK.

    Nothing is changed on any other code. A person never has two open credentials: a constraint of the
    database decides, so no race can make two.
    """
    new.opened_unix = now
    if purpose is Purpose.OPEN:
        return (Code.OK, new.serial) if _store(session, new) else (Code.PERSON_ALREADY_OPEN, None)
    # Twice: a transaction that waited for the row of a renewal on PostgreSQL finds it ended, and sees the new
    # row only with its next query.
    old = _find_open(session, new.person) or _find_open(session, new.person)
    if old is None:
        return Code.PERSON_NOT_OPEN, None
    if old.asked_unix > new.asked_unix:  # overtaken by a later visit, which counts
        return Code.PERSON_ALREADY_OPEN, None
    if purpose is Purpose.RENEW:
        return (Code.OK, new.serial) if _store(session, new, old) else (Code.PERSON_ALREADY_OPEN, None)
    # The new password and phone number; wrong tries at the old password are forgotten.
    old.password, old.asked_unix, old.guardian = new.password, new.asked_unix, new.guardian
    old.phone = personal_data.encrypt(personal_data.decrypt(new.phone, new.serial), old.serial)
    old.tries, old.closed_until_unix = 0, 0.0
    return Code.OK, old.serial


def _find_open(session: Session, person: str) -> Credential | None:
    query = select(Credential).where(Credential.person == person, Credential.revoked_unix.is_(None))
    return session.scalar(query.with_for_update())


def _store(session: Session, new: Credential, old: Credential | None = None) -> bool:
    """Store `new` and end `old`, or neither; return False if the person has another open one beside `old`."""
    try:
        with session.begin_nested():
            if old is not None:
                old.revoked_unix, old.replaced_by = new.opened_unix, new.serial
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
    many tries at once give more.
    """
    with database.write() as session:
        row = session.get(Credential, serial, with_for_update=True)
        if row is not None:
            _count_try(row, now)
        query = select(Activation.id).where(Activation.id == visit, Activation.credential == serial)
        visit_agrees = session.scalar(query) is not None
    password_agrees = (
        row is not None
        and visit_agrees
        and row.password != ""  # erased
        and personal_data.password_agrees(password, row.password)
    )
    if not password_agrees:
        raise Problem(403, Code.PASSWORD_MISMATCH)
    with database.write() as session:
        row = session.get_one(Credential, serial, with_for_update=True)
        row.tries, row.closed_until_unix = 0, 0.0
        if row.revoked_unix is None:
            row.revoked_unix = now
        return row.revoked_unix


def _count_try(row: Credential, now: float) -> None:
    if row.closed_until_unix > now:
        raise Problem(429, Code.CENTRAL_BUSY, "too many tries", retry_after_s=row.closed_until_unix - now)
    row.tries += 1
    if row.tries >= TRIES:
        row.tries, row.closed_until_unix = 0, now + CLOSED_S
