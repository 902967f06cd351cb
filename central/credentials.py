"""Credentials: opened once by an activation, ended by their owner."""

import secrets

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.codes import Code
from central.database import Database
from central.messages import Person
from central.problems import Problem
from central.tables import Credential
from central.vault import Vault

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TRIES = 5
CLOSED_S = 3600.0


def new_serial() -> str:
    """Twelve Crockford characters in three groups: public, says nothing about the person."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def prepare(person: Person, visit: str, simulated: bool, vault: Vault) -> Credential:
    """All but the storing. Takes some 50 ms for the password, so do it outside of transactions."""
    serial = new_serial()
    return Credential(
        serial=serial,
        activation=visit,
        person=vault.person(person.number),
        phone=vault.encrypt(person.phone, serial),
        password=vault.hash_password(person.password),
        simulated=simulated,
    )


def open_one(session: Session, credential: Credential, now: float) -> bool:
    """Store it; False if the person has one already: the database decides, so nobody can race it."""
    credential.opened_unix = now
    try:
        with session.begin_nested():
            session.add(credential)
    except IntegrityError:
        return False
    return True


def serial_of(session: Session, visit: str) -> str | None:
    return session.scalar(select(Credential.serial).where(Credential.activation == visit))


def count(session: Session, visit: str | None = None) -> int:
    query = select(func.count()).select_from(Credential)
    if visit is not None:
        query = query.where(Credential.activation == visit)
    return session.scalar(query) or 0


def revoke(database: Database, vault: Vault, serial: str, visit: str, password: str, now: float) -> float:
    """End it; when it ended. Raises Problem 403 (one answer for all that is wrong) or 429.

    Whoever guesses gets five tries an hour. A try is written down before it is judged, so neither a restart
    nor many guesses at once give more.
    """
    with database.write() as session:
        row = session.get(Credential, serial, with_for_update=True)
        if row is not None:
            _count_try(row, now)
    right = row is not None and row.activation == visit and vault.password_agrees(password, row.password)
    if not right:
        raise Problem(403, Code.PASSWORD_MISMATCH)
    with database.write() as session:
        return _end(session.get_one(Credential, serial, with_for_update=True), now)


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
