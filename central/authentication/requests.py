"""Requests of relying parties, from the push to the way back.

    push     the party sends everything, with the person it expects, directly to central; it gets a handle
    open     the person's browser brings the handle, once, and gets a session in its place
    wait     … or it waits until the person has opened a credential at a terminal, and then goes on
    settle   the authentication has a verdict
    end      the person is sent back with a code, or with an error

What is personal is encrypted, and erased at the end, or with the first request that comes after its time.
"""

import json
import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from central.authentication.levels import Level
from central.security.personal_data import PersonalData
from central.storage.authentication_tables import AuthenticationRequest

URI = "urn:ietf:params:oauth:request_uri:"
HANDLE_S = 60.0
SESSION_S = 420.0


@dataclass(frozen=True, kw_only=True)
class OpenRequest:
    """A request whose person is here. `parameters`: as the party sent them."""

    id: str
    party: str
    parameters: dict[str, str]
    person: str | None
    level: Level | None
    authenticated_unix: float | None
    expires_unix: float
    waiting_unix: float | None
    resumed_unix: float | None

    def __repr__(self) -> str:
        return f"OpenRequest({self.party})"


def push(
    session: Session, protection: PersonalData, party: str, parameters: dict[str, str], now: float
) -> str:
    """Store a request and return its `request_uri`, good once and for `HANDLE_S` seconds."""
    session.execute(delete(AuthenticationRequest).where(AuthenticationRequest.expires_unix < now))
    handle = secrets.token_urlsafe(32)
    id = _sha256(handle)
    session.add(
        AuthenticationRequest(
            id=id,
            party=party,
            parameters=protection.encrypt(json.dumps(parameters), f"authentication|{id}"),
            expires_unix=now + HANDLE_S,
        )
    )
    session.flush()
    return URI + handle


def open_session(session: Session, party: str, request_uri: str, now: float) -> str | None:
    """Return the secret of a new browser session for a request; None if the handle is used, over or wrong."""
    secret = secrets.token_urlsafe(32)
    taken = (
        update(AuthenticationRequest)
        .where(
            AuthenticationRequest.id == _sha256(request_uri.removeprefix(URI)),
            AuthenticationRequest.party == party,
            AuthenticationRequest.session.is_(None),
            AuthenticationRequest.expires_unix > now,
        )
        .values(session=_sha256(secret), expires_unix=now + SESSION_S)
        .returning(AuthenticationRequest.id)
    )
    return secret if session.scalar(taken) is not None else None


def find_open(session: Session, protection: PersonalData, secret: str, now: float) -> OpenRequest | None:
    """Return the request of a browser session; None if its time is over or it has ended."""
    row = session.query(AuthenticationRequest).filter_by(session=_sha256(secret)).one_or_none()
    if row is None or row.parameters is None or row.expires_unix <= now:
        return None
    return OpenRequest(
        id=row.id,
        party=row.party,
        parameters=json.loads(protection.decrypt(row.parameters, f"authentication|{row.id}")),
        person=row.person,
        level=None if row.level is None else Level(row.level),
        authenticated_unix=row.authenticated_unix,
        expires_unix=row.expires_unix,
        waiting_unix=row.waiting_unix,
        resumed_unix=row.resumed_unix,
    )


def lock(session: Session, request: str) -> AuthenticationRequest:
    """Return the row of a request; no other transaction gets it until this one ends."""
    return session.get_one(AuthenticationRequest, request, with_for_update=True, populate_existing=True)


def wait(session: Session, request: str, now: float, most_s: float) -> None:
    """Let a request wait for a credential, `most_s` from now; one that waits already is not prolonged."""
    row = lock(session, request)
    if row.waiting_unix is None and row.ended_unix is None:
        row.waiting_unix, row.expires_unix = now, now + most_s


def resume(session: Session, request: str, now: float) -> None:
    """Go on with a request that has waited, as with one that was just opened."""
    row = lock(session, request)
    if row.waiting_unix is not None and row.ended_unix is None:
        row.waiting_unix, row.resumed_unix, row.expires_unix = None, now, now + SESSION_S


def settle(session: Session, request: str, person: str, level: Level, now: float) -> bool:
    """Note that the person was authenticated; return False if the request is over or was settled before."""
    settled = (
        update(AuthenticationRequest)
        .where(
            AuthenticationRequest.id == request,
            AuthenticationRequest.session.is_not(None),
            AuthenticationRequest.person.is_(None),
            AuthenticationRequest.ended_unix.is_(None),
            AuthenticationRequest.expires_unix > now,
        )
        .values(person=person, level=level.value, authenticated_unix=now)
        .returning(AuthenticationRequest.id)
    )
    return session.scalar(settled) is not None


def end(session: Session, request: str, now: float) -> bool:
    """End a request and erase what is personal in it; return False if it had ended."""
    ended = (
        update(AuthenticationRequest)
        .where(AuthenticationRequest.id == request, AuthenticationRequest.ended_unix.is_(None))
        .values(ended_unix=now, parameters=None)
        .returning(AuthenticationRequest.id)
    )
    return session.scalar(ended) is not None


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
