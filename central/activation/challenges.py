"""Challenges: digits that central chose and signed, for one terminal, for one visit, for a week."""

import json
import logging
import secrets
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session

from central import settings
from central.activation import challenge_ids
from central.security.random_digits import next_digit
from central.storage import tables
from central.storage.prepared import Prepared

log = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
_INSERT = (
    "INSERT INTO challenges (id, terminal, issued_unix, expires_unix)"
    " SELECT value, :terminal, :issued, :expires "
)
_INSERTS = {
    "sqlite": text(_INSERT + "FROM json_each(:ids)"),
    "postgresql": text(_INSERT + "FROM json_array_elements_text(CAST(:ids AS json))"),
}


def issue(
    session: Session,
    key: Ed25519PrivateKey,
    terminal: str,
    count: int,
    now: float,
    rules: settings.Challenges,
) -> list[str]:
    """Store new challenges and return their tokens: `count`, or fewer if too many would be outstanding."""
    if count <= 0:
        return []
    count = min(count, rules.outstanding - _outstanding(session, terminal, now, rules.outstanding))
    issued = [claims(key, terminal, int(now), rules) for _ in range(count)]
    if issued:
        _store(session, issued)
    return [jwt.encode(one, key, algorithm="EdDSA") for one in issued]


def _outstanding(session: Session, terminal: str, now: float, most: int) -> int:
    """Return how many of the terminal's challenges are neither used nor expired; `most` or more: `most`."""
    theirs = (
        select(tables.Challenge.id)
        .where(tables.Challenge.terminal == terminal, tables.Challenge.used_by.is_(None))
        .where(tables.Challenge.expires_unix > now)
        .limit(most)
    )
    return session.scalar(select(func.count()).select_from(theirs.subquery())) or 0


def _store(session: Session, issued: list[dict[str, Any]]) -> None:
    """Insert all in one statement. SQLAlchemy would send one for each row, or compile a new one each time."""
    first = issued[0]
    session.execute(
        _INSERTS[session.get_bind().dialect.name],
        {
            "ids": json.dumps([one["jti"] for one in issued]),
            "terminal": first["aud"],
            "issued": first["iat"],
            "expires": first["exp"],
        },
    )


def take(session: Session, challenge: str, terminal: str, visit: str) -> bool:
    """Give the challenge to the visit, if it is the terminal's and not taken; return whether it was.

    At most one visit gets it.
    """
    return _TAKE(session, challenge=challenge, terminal=terminal, visit=visit).rowcount == 1


_TAKE = Prepared(
    update(tables.Challenge)
    .where(
        tables.Challenge.id == bindparam("challenge"),
        tables.Challenge.terminal == bindparam("terminal"),
        tables.Challenge.used_by.is_(None),
    )
    .values(used_by=bindparam("visit"))
)


def restore(
    session: Session,
    key: Ed25519PrivateKey,
    challenge: str,
    terminal: str,
    now: float,
    rules: settings.Settings,
) -> None:
    """Store a challenge again if central issued it to the terminal and its row is missing.

    A row is missing after a restore from a backup. One that retention may have deleted stays deleted: it may
    have been used.
    """
    if session.get(tables.Challenge, challenge) is not None:
        return
    expires = challenge_ids.expiry(key, terminal, challenge)
    if expires is None or expires < now - rules.retention.challenges_days * DAY_S:
        return
    log.warning("a challenge of %s was missing: the database is older than it", terminal)
    issued = expires - rules.challenges.valid_s
    session.add(tables.Challenge(id=challenge, terminal=terminal, issued_unix=issued, expires_unix=expires))
    session.flush()


def claims(key: Ed25519PrivateKey, terminal: str, now: int, rules: settings.Challenges) -> dict[str, Any]:
    """Return the claims of a new token.

    The pauses between the digits are uneven, so that a recording cannot fit by chance; seconds, two decimals.
    """
    expires = now + int(rules.valid_s)
    low, high = round(rules.gap_min_s * 100), round(rules.gap_max_s * 100)
    return {
        "iss": "central",
        "aud": terminal,
        "jti": challenge_ids.new(key, terminal, expires),
        "digits": digits(rules.length),
        "gaps_s": [(low + secrets.randbelow(high - low + 1)) / 100 for _ in range(rules.length)],
        "iat": now,
        "exp": expires,
    }


def digits(length: int) -> list[int]:
    """Return random digits, none twice in a row: two equal ones run together when they are spoken."""
    chosen: list[int] = []
    while len(chosen) < length:
        chosen.append(next_digit(chosen[-1] if chosen else None))
    return chosen
