"""Sessions of browsers.

A session's secret is 256 random bits in a cookie, and the database holds its hash. Only the service makes
secrets, and each step that gives a session more (a mobile number proved, a person authenticated) replaces the
secret: one that somebody planted in a browser before is worth nothing afterwards.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import delete, update

from permit.protection import Protection
from permit.storage.database import Database
from permit.storage.tables import BrowserSession

SESSION_S = 30 * 86_400.0


@dataclass(frozen=True)
class Draft:
    """What a person typed, before the mobile number is proved; not checked."""

    permit_number: str = ""
    id_number: str = ""
    name: str = ""
    phone: str = ""

    def __repr__(self) -> str:
        return "Draft(…)"


@dataclass(frozen=True)
class Session:
    """A browser's session. `id`: the hash of its secret."""

    id: str
    draft: Draft | None
    binding: str | None
    card: str | None


class Sessions:
    """Makes, finds and ends sessions."""

    def __init__(
        self, *, database: Database, protection: Protection, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._protection = protection
        self._clock = clock

    def find(self, secret: str) -> Session | None:
        """Return the session of a secret; None if there is none or it is over."""
        with self._database.read() as session:
            row = session.get(BrowserSession, session_id(secret))
            if row is None or row.expires_unix <= self._clock():
                return None
            draft = None if row.draft is None else self._protection.open(row.draft, Draft)
            return Session(row.sha256, draft, row.binding, row.card)

    def begin(
        self,
        old: Session | None,
        *,
        draft: Draft | None = None,
        binding: str | None = None,
        card: str | None = None,
    ) -> str:
        """Return the secret of a new session with this content, which takes the place of `old`."""
        secret = secrets.token_urlsafe(32)
        row = BrowserSession(
            sha256=session_id(secret),
            draft=None if draft is None else self._protection.seal(draft),
            binding=binding,
            card=card,
            expires_unix=self._clock() + SESSION_S,
        )
        with self._database.write() as session:
            if old is not None:
                session.execute(delete(BrowserSession).where(BrowserSession.sha256 == old.id))
            session.add(row)
        return secret

    def store_draft(self, id: str, draft: Draft) -> None:
        """Replace what was typed."""
        sealed = self._protection.seal(draft)
        with self._database.write() as session:
            session.execute(update(BrowserSession).where(BrowserSession.sha256 == id).values(draft=sealed))

    def end(self, id: str) -> None:
        """End a session."""
        with self._database.write() as session:
            session.execute(delete(BrowserSession).where(BrowserSession.sha256 == id))

    def end_others(self, card: str, keep: str) -> int:
        """End all sessions of a card but one, and return how many."""
        others = delete(BrowserSession).where(BrowserSession.card == card, BrowserSession.sha256 != keep)
        with self._database.write() as session:
            return len(session.scalars(others.returning(BrowserSession.sha256)).all())

    def erase_old(self) -> None:
        """Erase sessions that are over."""
        with self._database.write() as session:
            session.execute(delete(BrowserSession).where(BrowserSession.expires_unix <= self._clock()))


def session_id(secret: str) -> str:
    """Return the hash by which the database knows a secret."""
    return sha256(secret.encode()).hexdigest()
