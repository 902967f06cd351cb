"""Sessions of owners: begun with a number on a slip and the password, short, and ended with the credential.

The number has 80 random bits. Only tries by people who have it reach the password and are counted, so no
stranger can keep an owner out by trying (`central.credentials.lifecycle`).
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.credentials import lifecycle
from central.security.personal_data import PersonalData
from central.storage.database import Database
from central.storage.owner_tables import OwnerSession
from central.storage.tables import Activation, Credential

SESSION_S = 600.0


class NotLoggedIn(Exception):  # noqa: N818
    """There is no such session, its time is over, or its credential was erased."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """Whose session it is. `visit`: the number with which the owner logged in."""

    credential: str
    visit: str


def log_in(database: Database, personal_data: PersonalData, visit: str, password: str, now: float) -> str:
    """Return the secret of a new session. Raises Problem 403 (one answer for all that is wrong) or 429."""
    serial = lifecycle.check_password(database, personal_data, visit, password, now)
    secret = secrets.token_urlsafe(32)
    with database.write() as session:
        session.execute(delete(OwnerSession).where(OwnerSession.expires_unix <= now))
        session.add(
            OwnerSession(sha256=_sha256(secret), credential=serial, visit=visit, expires_unix=now + SESSION_S)
        )
    return secret


def find(session: Session, secret: str, now: float) -> Login:
    """Return whose session it is, and let it last from now on. Raises NotLoggedIn."""
    row = session.get(OwnerSession, _sha256(secret)) if secret else None
    if row is None or row.expires_unix <= now:
        raise NotLoggedIn
    return Login(credential=row.credential, visit=row.visit)


def prolong(session: Session, secret: str, now: float) -> None:
    """Let a session last from now on."""
    if row := session.get(OwnerSession, _sha256(secret)):
        row.expires_unix = now + SESSION_S


def log_out(session: Session, secret: str) -> None:
    """End a session."""
    session.execute(delete(OwnerSession).where(OwnerSession.sha256 == _sha256(secret)))


def end_all(session: Session, serial: str) -> None:
    """End every session of a credential."""
    session.execute(delete(OwnerSession).where(OwnerSession.credential == serial))


def credential_of(session: Session, login: Login) -> Credential:
    """Return the credential, its row locked. Raises NotLoggedIn if it was erased or replaced meanwhile."""
    known = select(Activation.id).where(
        Activation.id == login.visit, Activation.credential == login.credential
    )
    row = session.get(Credential, login.credential, with_for_update=True)
    if row is None or row.password == "" or session.scalar(known) is None:
        raise NotLoggedIn
    return row


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
