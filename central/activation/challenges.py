"""Challenges: digits that central chose and signed, for one terminal, for one visit, for a week."""

import secrets
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update
from sqlalchemy.orm import Session

from central import settings
from central.activation.evidence import ChallengeFacts
from central.storage import tables


def issue(
    session: Session,
    key: Ed25519PrivateKey,
    terminal: str,
    count: int,
    now: float,
    rules: settings.Challenges,
) -> list[str]:
    """Store `count` new challenges and return their tokens."""
    issued = [claims(terminal, int(now), rules) for _ in range(count)]
    session.add_all(
        tables.Challenge(id=one["jti"], terminal=terminal, issued_unix=one["iat"], expires_unix=one["exp"])
        for one in issued
    )
    return [jwt.encode(one, key, algorithm="EdDSA") for one in issued]


def take(session: Session, challenge: str, terminal: str, visit: str) -> None:
    """Give the challenge to the visit, if it is the terminal's and not taken. At most one visit gets it."""
    session.execute(
        update(tables.Challenge)
        .where(tables.Challenge.id == challenge, tables.Challenge.terminal == terminal)
        .where(tables.Challenge.used_by.is_(None))
        .values(used_by=visit)
    )


def find(session: Session, challenge: str) -> ChallengeFacts | None:
    """Return what is stored of the challenge with this id."""
    row = session.get(tables.Challenge, challenge)
    if row is None:
        return None
    return ChallengeFacts(
        terminal=row.terminal,
        used_by=row.used_by,
        issued_unix=row.issued_unix,
        expires_unix=row.expires_unix,
    )


def claims(terminal: str, now: int, rules: settings.Challenges) -> dict[str, Any]:
    """Return the claims of a new token.

    The pauses between the digits are uneven, so that a recording cannot fit by chance; seconds, two decimals.
    """
    low, high = round(rules.gap_min_s * 100), round(rules.gap_max_s * 100)
    return {
        "iss": "central",
        "aud": terminal,
        "jti": secrets.token_hex(16),
        "digits": digits(rules.length),
        "gaps_s": [(low + secrets.randbelow(high - low + 1)) / 100 for _ in range(rules.length)],
        "iat": now,
        "exp": now + int(rules.valid_s),
    }


def digits(length: int) -> list[int]:
    """Return random digits, none twice in a row: two equal ones run together when they are spoken."""
    chosen = [secrets.randbelow(10)]
    while len(chosen) < length:
        step = 1 + secrets.randbelow(9)
        chosen.append((chosen[-1] + step) % 10)
    return chosen
