"""Keep a stock of signed challenges on disk, so that a visit while offline, too, reads digits central chose.

Single use is kept on disk: a challenge is marked as taken, durably, before it is shown; a power cut right
after can waste it, never give it out twice. The signature is checked when a token comes in and again when
it goes out, because in between it lay on a disk.

Nobody who reads the disk is to learn which digits, arrows and colours come next: tokens are sealed with a
secret of the terminal's key, and which of them is next is drawn when it is taken. One that arrived a moment
ago, during this visit, comes before the others: it existed for seconds only.
"""

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import pairwise
from math import isfinite

import jwt
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwt.types import Options
from msgspec import Struct

from kiosk.activation.database import Database
from kiosk.errors import UNREADABLE, IdentityError
from kiosk.model import Challenge

log = logging.getLogger(__name__)

MARGIN_S = 120.0
"""A challenge that expires sooner is not given out: reading it takes less than this, second try included."""
LONGEST_GAP_S = 30.0
_ID = re.compile(r"[!-~]{1,64}")
LENGTHS = range(4, 9)
"""Numbers of digits: fewer are guessed too easily, more are too many to read."""

FRESH_S = 300.0
"""A challenge that arrived within this time is fresh: it was fetched for this visit, or just before it."""
MOST = 200
"""More than so many unused ones are not kept; the oldest go."""
PURPOSE = "challenges-v1"
_NONCE_BYTES = 12

_USABLE = "FROM challenges WHERE NOT taken AND key = ? AND expires_unix > ?"
_EXCESS = """
    UPDATE challenges SET taken = 1 WHERE id IN
    (SELECT id FROM challenges WHERE NOT taken ORDER BY received_unix DESC, id LIMIT -1 OFFSET ?)
"""


class _Claims(Struct, frozen=True):
    jti: str
    iat: float
    exp: float
    digits: tuple[int, ...]
    gaps_s: tuple[float, ...]


class ChallengePool:
    """Stock of unused challenges. Raises OutboxError when the disk fails.

    It is empty while the terminal's key cannot be used; the identity's own check reports that.
    """

    def __init__(
        self,
        database: Database,
        key: Ed25519PublicKey,
        terminal: str,
        secret: Callable[[str], bytes],
        *,
        on_issued: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`key`: central's; `secret`: of the terminal's `KeyStore`.

        `on_issued` gets the time at which central issued the newest of those that came in.
        """
        self._database = database
        self._key = key
        self._terminal = terminal
        self._secret = secret
        self._on_issued = on_issued

    def add(self, tokens: Iterable[str], now: float) -> int:
        """Keep the valid tokens for this terminal that do not expire soon; return how many are new."""
        good = [(c, token) for token in tokens if (c := self._read(token)) is not None]
        self._on_issued(max((c.issued_unix for c, _ in good), default=0.0))
        if (secret := self._usable_secret()) is None:
            return 0
        rows = [
            (_stored_id(c.id), _name(secret), _seal(secret, c.id, token), now, c.expires_unix)
            for c, token in good
            if c.expires_unix > now + MARGIN_S
        ]
        with self._database.transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO challenges (id, key, sealed, received_unix, expires_unix)"
                " VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            added = connection.total_changes - before
            connection.execute(_EXCESS, (MOST,))
            return added

    def take(self, now: float) -> Challenge | None:
        """Return a challenge that was never shown, used up from this moment on; None if there is none.

        The newest of the fresh ones, else any of the stock.
        """
        if (secret := self._usable_secret()) is None:
            return None
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM challenges WHERE expires_unix <= ?", (now,))
            usable = connection.execute(
                f"SELECT id, sealed, received_unix {_USABLE}", (_name(secret), now + MARGIN_S)
            ).fetchall()
            while usable:
                row = _choose(usable, now)
                usable.remove(row)
                id, sealed, _ = row
                connection.execute("UPDATE challenges SET taken = 1 WHERE id = ?", (id,))
                challenge = self._unsealed(secret, id, sealed)
                if challenge is not None:
                    return challenge
        return None

    def has_fresh(self, now: float) -> bool:
        """Return whether one that arrived a moment ago could be taken at `now`."""
        return any(abs(now - received) <= FRESH_S for received in self._arrivals(now))

    def discard(self) -> None:
        """Mark every challenge as taken, because none can be trusted to be unused."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE challenges SET taken = 1")

    def count(self, now: float) -> int:
        """Return how many could be taken at `now`."""
        return len(self._arrivals(now))

    def _arrivals(self, now: float) -> list[float]:
        """Return when those arrived that could be taken at `now`."""
        if (secret := self._usable_secret()) is None:
            return []
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT received_unix {_USABLE}", (_name(secret), now + MARGIN_S)
            ).fetchall()
        return [received for (received,) in found]

    def _usable_secret(self) -> bytes | None:
        try:
            return self._secret(PURPOSE)
        except IdentityError:
            return None

    def _unsealed(self, secret: bytes, id: str, sealed: bytes) -> Challenge | None:
        try:
            token = AESGCM(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], id.encode())
        except (InvalidTag, ValueError):
            log.warning("a challenge was thrown away: it was altered")
            return None
        challenge = self._read(token.decode("ascii"))
        return challenge if challenge is not None and _stored_id(challenge.id) == id else None

    def _read(self, token: str) -> Challenge | None:
        try:
            return _verified(token, self._key, self._terminal)
        except (jwt.PyJWTError, *UNREADABLE) as error:
            log.warning("a challenge was thrown away: %s", type(error).__name__)
            return None


def _choose(usable: list[tuple[str, bytes, float]], now: float) -> tuple[str, bytes, float]:
    newest = max(usable, key=lambda row: row[2])
    return newest if abs(now - newest[2]) <= FRESH_S else secrets.choice(usable)


def _stored_id(challenge: str) -> str:
    """Return the name under which it is stored: arrows and colours follow from its own id."""
    return sha256(challenge.encode()).hexdigest()


def _name(secret: bytes) -> str:
    """Return a name of the secret that does not show it: after a rotation the old stock is not counted."""
    return sha256(b"name" + secret).hexdigest()[:16]


def _seal(secret: bytes, challenge: str, token: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, token.encode(), _stored_id(challenge).encode())


def _verified(token: str, key: Ed25519PublicKey, terminal: str) -> Challenge:
    # The times are judged by the caller's clock, not by PyJWT's.
    options: Options = {
        "require": ["iss", "aud", "iat", "exp", "jti", "digits", "gaps_s"],
        "verify_exp": False,
        "verify_iat": False,
    }
    raw = jwt.decode(token, key, algorithms=["EdDSA"], audience=terminal, issuer="central", options=options)
    claims = msgspec.convert(raw, _Claims)
    if (
        not _ID.fullmatch(claims.jti)
        or not (isfinite(claims.iat) and isfinite(claims.exp))
        or not _readable(claims.digits, claims.gaps_s)
    ):
        raise ValueError("not a challenge that can be shown")
    return Challenge(
        id=claims.jti,
        digits=claims.digits,
        gaps_s=claims.gaps_s,
        issued_unix=claims.iat,
        expires_unix=claims.exp,
    )


def _readable(digits: tuple[int, ...], gaps_s: tuple[float, ...]) -> bool:
    return (
        len(digits) == len(gaps_s)
        and len(digits) in LENGTHS
        and all(a != b for a, b in pairwise(digits))  # two equal ones run together when they are spoken
        and all(0 <= digit <= 9 for digit in digits)
        and all(0 < gap <= LONGEST_GAP_S for gap in gaps_s)
    )
