"""Credentials: opened once by an activation, renewed or given a password by another, ended by their owner."""

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
    """Twelve Crockford characters in three groups: public, says nothing about the person."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def prepare(
    person: Person, visit: str, asked_unix: float, simulated: bool, vault: PersonalData
) -> Credential:
    """All but the storing. `asked_unix`: when the request was made.

    Takes some 50 ms for the password, so do it outside of transactions.
    """
    serial = new_serial()
    return Credential(
        serial=serial,
        activation=visit,
        person=vault.person(person.number),
        phone=vault.encrypt(person.phone, serial),
        password=vault.hash_password(person.password),
        simulated=simulated,
        asked_unix=asked_unix,
        guardian=vault.person(person.guardian.number) if person.guardian is not None else None,
    )


def carry_out(
    session: Session, purpose: Purpose, new: Credential, vault: PersonalData, now: float
) -> tuple[Code, str | None]:
    """Open, renew or give a new password: a code, and the serial if it is OK.

    Nothing is changed on any other code. A person never has two open ones: the database decides, so nobody
    can race it.
    """
    new.opened_unix = now
    if purpose is Purpose.OPEN:
        return (Code.OK, new.serial) if _store(session, new) else (Code.PERSON_ALREADY_OPEN, None)
    # Twice: who waited for the row of a renewal on PostgreSQL finds it ended, and the new one only now.
    old = _open_of(session, new.person) or _open_of(session, new.person)
    if old is None:
        return Code.PERSON_NOT_OPEN, None
    if old.asked_unix > new.asked_unix:  # overtaken: a later visit had the last word
        return Code.PERSON_ALREADY_OPEN, None
    if purpose is Purpose.RENEW:
        return (Code.OK, new.serial) if _store(session, new, old) else (Code.PERSON_ALREADY_OPEN, None)
    _set_password(old, new, vault)
    return Code.OK, old.serial


def _open_of(session: Session, person: str) -> Credential | None:
    query = select(Credential).where(Credential.person == person, Credential.revoked_unix.is_(None))
    return session.scalar(query.with_for_update())


def _store(session: Session, new: Credential, old: Credential | None = None) -> bool:
    """The new one in and the old one out, or neither; False if the person has an open one beside `old`."""
    try:
        with session.begin_nested():
            if old is not None:
                old.revoked_unix, old.replaced_by = new.opened_unix, new.serial
                session.flush()
            session.add(new)
    except IntegrityError:
        return False
    return True


def _set_password(old: Credential, new: Credential, vault: PersonalData) -> None:
    """The password and the number that were typed now; wrong tries at the old password are forgotten."""
    old.password, old.asked_unix, old.guardian = new.password, new.asked_unix, new.guardian
    old.phone = vault.encrypt(vault.decrypt(new.phone, new.serial), old.serial)
    old.tries, old.closed_until_unix = 0, 0.0


def count(session: Session, visit: str | None = None) -> int:
    query = select(func.count()).select_from(Credential)
    if visit is not None:
        query = query.where(Credential.activation == visit)
    return session.scalar(query) or 0


def revoke(
    database: Database, vault: PersonalData, serial: str, visit: str, password: str, now: float
) -> float:
    """End it; when it ended. Raises Problem 403 (one answer for all that is wrong) or 429.

    Whoever guesses gets five tries an hour. A try is written down before it is judged, so neither a restart
    nor many guesses at once give more.
    """
    with database.write() as session:
        row = session.get(Credential, serial, with_for_update=True)
        if row is not None:
            _count_try(row, now)
        ours = _names(session, visit, serial)
    right = row is not None and ours and row.password != "" and vault.password_agrees(password, row.password)
    if not right:
        raise Problem(403, Code.PASSWORD_MISMATCH)
    with database.write() as session:
        return _end(session.get_one(Credential, serial, with_for_update=True), now)


def _names(session: Session, visit: str, serial: str) -> bool:
    """Is it the number of a visit that opened this credential or set its password?"""
    query = select(Activation.id).where(Activation.id == visit, Activation.credential == serial)
    return session.scalar(query) is not None


def _count_try(row: Credential, now: float) -> None:
    if row.closed_until_unix > now:
        raise Problem(429, Code.CENTRAL_BUSY, "too many tries", row.closed_until_unix - now)
    row.tries += 1
    if row.tries >= TRIES:
        row.tries, row.closed_until_unix = 0, now + CLOSED_S


def _end(row: Credential, now: float) -> float:
    row.tries, row.closed_until_unix = 0, 0.0
    if row.revoked_unix is None:
        row.revoked_unix = now
    return row.revoked_unix
