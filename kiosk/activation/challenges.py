"""Keep a stock of signed challenges on disk, so that a visit while offline, too, reads digits central chose.

Single use is kept on disk: a challenge is marked as taken, durably, before it is shown; a power cut right
after can waste it, never give it out twice. The signature is checked when a token comes in and again when
it goes out, because in between it lay on a disk.
"""

import logging
import re
from collections.abc import Iterable
from itertools import pairwise
from math import isfinite

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options
from msgspec import Struct

from kiosk.activation.database import Database
from kiosk.errors import UNREADABLE
from kiosk.model import Challenge

log = logging.getLogger(__name__)

MARGIN_S = 120.0
"""A challenge that expires sooner is not given out: reading it takes less than this, second try included."""
LONGEST_GAP_S = 30.0
_ID = re.compile(r"[!-~]{1,64}")
LENGTHS = range(4, 9)
"""Numbers of digits: fewer are guessed too easily, more are too many to read."""

_FIRST_TO_EXPIRE = """
    SELECT id, token FROM challenges WHERE NOT taken AND expires_unix > ? ORDER BY expires_unix, id LIMIT 1
"""


class _Claims(Struct, frozen=True):
    jti: str
    exp: float
    digits: tuple[int, ...]
    gaps_s: tuple[float, ...]


class ChallengePool:
    """Stock of unused challenges. Raises OutboxError when the disk fails."""

    def __init__(self, database: Database, key: Ed25519PublicKey, terminal: str) -> None:
        self._database = database
        self._key = key
        self._terminal = terminal

    def add(self, tokens: Iterable[str], now: float) -> int:
        """Keep the valid tokens for this terminal that do not expire soon; return how many are new."""
        good = [(c.id, token, c.expires_unix) for token in tokens if (c := self._read(token)) is not None]
        with self._database.transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO challenges (id, token, expires_unix) VALUES (?, ?, ?)",
                [row for row in good if row[2] > now + MARGIN_S],
            )
            return connection.total_changes - before

    def take(self, now: float) -> Challenge | None:
        """Return a challenge that was never shown, used up from this moment on; None if there is none."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM challenges WHERE expires_unix <= ?", (now,))
            while (found := connection.execute(_FIRST_TO_EXPIRE, (now + MARGIN_S,)).fetchone()) is not None:
                id, token = found
                connection.execute("UPDATE challenges SET taken = 1 WHERE id = ?", (id,))
                challenge = self._read(token)
                if challenge is not None and challenge.id == id:
                    return challenge
        return None

    def discard(self) -> None:
        """Mark every challenge as taken, because none can be trusted to be unused."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE challenges SET taken = 1")

    def count(self, now: float) -> int:
        """Return how many could be taken at `now`."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT count(*) FROM challenges WHERE NOT taken AND expires_unix > ?", (now + MARGIN_S,)
            ).fetchone()
        return int(found[0])

    def _read(self, token: str) -> Challenge | None:
        try:
            return _verified(token, self._key, self._terminal)
        except (jwt.PyJWTError, *UNREADABLE) as error:
            log.warning("a challenge was thrown away: %s", type(error).__name__)
            return None


def _verified(token: str, key: Ed25519PublicKey, terminal: str) -> Challenge:
    # The times are judged by the caller's clock, not by PyJWT's.
    options: Options = {
        "require": ["iss", "aud", "exp", "jti", "digits", "gaps_s"],
        "verify_exp": False,
        "verify_iat": False,
    }
    raw = jwt.decode(token, key, algorithms=["EdDSA"], audience=terminal, issuer="central", options=options)
    claims = msgspec.convert(raw, _Claims)
    if (
        not _ID.fullmatch(claims.jti)
        or not isfinite(claims.exp)
        or not _readable(claims.digits, claims.gaps_s)
    ):
        raise ValueError("not a challenge that can be shown")
    return Challenge(id=claims.jti, digits=claims.digits, gaps_s=claims.gaps_s, expires_unix=claims.exp)


def _readable(digits: tuple[int, ...], gaps_s: tuple[float, ...]) -> bool:
    return (
        len(digits) == len(gaps_s)
        and len(digits) in LENGTHS
        and all(a != b for a, b in pairwise(digits))  # two equal ones run together when they are spoken
        and all(0 <= digit <= 9 for digit in digits)
        and all(0 < gap <= LONGEST_GAP_S for gap in gaps_s)
    )
