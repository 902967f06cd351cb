"""Challenges: digits that central chose, signed, for one terminal, for one visit, for a week."""

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
    """Remember `count` new challenges and return their tokens."""
    every = [_claims(terminal, int(now), rules) for _ in range(count)]
    session.add_all(
        tables.Challenge(
            id=claims["jti"], terminal=terminal, issued_unix=claims["iat"], expires_unix=claims["exp"]
        )
        for claims in every
    )
    return [jwt.encode(claims, key, algorithm="EdDSA") for claims in every]


def take(session: Session, challenge: str, terminal: str, visit: str) -> None:
    """Give the challenge to the visit, if it is the terminal's and nobody has it. Once, whoever races."""
    session.execute(
        update(tables.Challenge)
        .where(tables.Challenge.id == challenge, tables.Challenge.terminal == terminal)
        .where(tables.Challenge.used_by.is_(None))
        .values(used_by=visit)
    )


def facts(session: Session, challenge: str) -> ChallengeFacts | None:
    row = session.get(tables.Challenge, challenge)
    if row is None:
        return None
    return ChallengeFacts(row.terminal, row.used_by, row.issued_unix, row.expires_unix)


def _claims(terminal: str, now: int, rules: settings.Challenges) -> dict[str, Any]:
    return {
        "iss": "central",
        "aud": terminal,
        "jti": secrets.token_hex(16),
        "digits": digits(rules.length),
        "gaps_s": [_gap(rules) for _ in range(rules.length)],
        "iat": now,
        "exp": now + int(rules.valid_s),
    }


def digits(length: int) -> list[int]:
    """Never the same twice in a row: two equal ones run together when they are spoken."""
    chosen = [secrets.randbelow(10)]
    while len(chosen) < length:
        step = 1 + secrets.randbelow(9)
        chosen.append((chosen[-1] + step) % 10)
    return chosen


def _gap(rules: settings.Challenges) -> float:
    """Uneven pauses, so that a recording cannot fit by chance. Seconds, two decimals."""
    low, high = round(rules.gap_min_s * 100), round(rules.gap_max_s * 100)
    return (low + secrets.randbelow(high - low + 1)) / 100
