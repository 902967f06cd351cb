"""Logins under way: what must come back from central, kept at the server and bound to the browser's session.

A login is taken out by the answer that belongs to it, once: an answer that is repeated, brought by another
browser or comes too late finds nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete

from permit.codes import Code
from permit.errors import PermitError
from permit.protection import Protection
from permit.storage.database import Database
from permit.storage.tables import Login

LOGIN_S = 8400.0
"""How long a person may stay at central: two hours of waiting for a credential, and the tries around it."""


@dataclass(frozen=True)
class Pending:
    """What the answer is checked against, and what it is for.

    `binding`: whose card is to be made; None: the person opens the card that is there already.
    """

    nonce: str
    verifier: str
    began_unix: float
    binding: str | None
    id_number: str  # of whom central was asked to authenticate

    def __repr__(self) -> str:
        return "Pending(…)"


class Logins:
    """Stores logins and takes them out."""

    def __init__(
        self, *, database: Database, protection: Protection, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._protection = protection
        self._clock = clock

    def store(self, state: str, session: str, pending: Pending) -> None:
        """Keep a login for a session. An older one of the same session is over."""
        row = Login(
            state_sha256=_sha256(state),
            session=session,
            sealed=self._protection.seal(pending),
            expires_unix=self._clock() + LOGIN_S,
        )
        with self._database.write() as database:
            database.execute(delete(Login).where(Login.session == session))
            database.add(row)

    def take(self, state: str, session: str) -> Pending:
        """Return the login that belongs to `state` in this session, and forget it. Raises PermitError."""
        taken = (
            delete(Login)
            .where(Login.state_sha256 == _sha256(state), Login.session == session)
            .where(Login.expires_unix > self._clock())
            .returning(Login.sealed)
        )
        with self._database.write() as database:
            sealed = database.scalar(taken)
        if sealed is None:
            raise PermitError(Code.LOGIN_UNKNOWN)
        return self._protection.open(sealed, Pending)

    def erase_old(self) -> None:
        """Erase logins that are over."""
        with self._database.write() as database:
            database.execute(delete(Login).where(Login.expires_unix <= self._clock()))


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
