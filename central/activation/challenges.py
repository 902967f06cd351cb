"""Challenges: digits that central chose and signed, for one terminal, for one visit, for a week."""

import json
import logging
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Integer, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from central import settings
from central.activation import challenge_ids
from central.security import tokens
from central.security.random_digits import Draw, next_digit
from central.storage import tables
from central.storage.prepared import Prepared

log = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
_INSERT = (
    "INSERT INTO challenges (id, terminal, issued_unix, expires_unix)"
    " SELECT value, :terminal, :issued, :expires "
)
_INSERTS = {
    "sqlite": Prepared(text(_INSERT + "FROM json_each(:ids)")),
    "postgresql": Prepared(text(_INSERT + "FROM json_array_elements_text(CAST(:ids AS json))")),
}
OUTSTANDING = (
    select(func.count())
    .select_from(
        select(tables.Challenge.id)
        .where(tables.Challenge.terminal == bindparam("terminal"), tables.Challenge.used_by.is_(None))
        .where(tables.Challenge.expires_unix > bindparam("expire_after_unix"))
        .limit(bindparam("most", type_=Integer))
        .subquery()
    )
    .scalar_subquery()
    .label("outstanding")
)
"""How many of the terminal's challenges are neither used nor expired, `most` or more: `most`; a part of a
prepared statement."""
_OUTSTANDING = Prepared(select(OUTSTANDING))


def issue(
    session: Session,
    key: Ed25519PrivateKey,
    terminal: str,
    count: int,
    now: float,
    rules: settings.Challenges,
    outstanding: int | None = None,
) -> list[str]:
    """Store new challenges and return their tokens: `count`, or fewer if too many would be outstanding.

    `outstanding`: as many there are, if the caller has asked for `OUTSTANDING`.
    """
    if count <= 0:
        return []
    if outstanding is None:
        asked = {"terminal": terminal, "expire_after_unix": now, "most": rules.outstanding}
        outstanding = _OUTSTANDING(session, **asked).one().outstanding
    count = min(count, rules.outstanding - outstanding)
    issued = [claims(key, terminal, int(now), rules) for _ in range(count)]
    if issued:
        first, ids = issued[0], json.dumps([one["jti"] for one in issued])
        store = _INSERTS[session.get_bind().dialect.name]
        store(session, ids=ids, terminal=terminal, issued=first["iat"], expires=first["exp"])
    return [tokens.sign(one, key) for one in issued]


def take(session: Session, challenge: str, terminal: str, visit: str) -> bool:
    """Give the challenge to the visit, if it is the terminal's and not taken; return whether it was.

    At most one visit gets it.
    """
    return _TAKE(session, challenge=challenge, terminal=terminal, visit=visit).rowcount == 1


TAKE = (
    update(tables.Challenge)
    .where(
        tables.Challenge.id == bindparam("challenge"),
        tables.Challenge.terminal == bindparam("terminal"),
        tables.Challenge.used_by.is_(None),
    )
    .values(used_by=bindparam("visit"))
)
"""Gives `challenge` to `visit`; a part of a prepared statement."""
_TAKE = Prepared(TAKE)


def restore(
    session: Session,
    key: Ed25519PrivateKey,
    challenge: str,
    terminal: str,
    now: float,
    rules: settings.Settings,
) -> bool:
    """Store a challenge again if central issued it to the terminal and its row is missing; return whether.

    A row is missing after a restore from a backup. One that retention may have deleted stays deleted: it may
    have been used.
    """
    if session.get(tables.Challenge, challenge) is not None:
        return False
    expires = challenge_ids.expiry(key, terminal, challenge)
    if expires is None or expires < now - rules.retention.challenges_days * DAY_S:
        return False
    log.warning("a challenge of %s was missing: the database is older than it", terminal)
    issued = expires - rules.challenges.valid_s
    session.add(tables.Challenge(id=challenge, terminal=terminal, issued_unix=issued, expires_unix=expires))
    session.flush()
    return True


def claims(key: Ed25519PrivateKey, terminal: str, now: int, rules: settings.Challenges) -> dict[str, Any]:
    """Return the claims of a new token.

    The pauses between the digits are uneven, so that a recording cannot fit by chance; seconds, two decimals.
    """
    low, high = round(rules.gap_min_s * 100), round(rules.gap_max_s * 100)
    expires, draw = now + int(rules.valid_s), Draw()
    return {
        "iss": "central",
        "aud": terminal,
        "jti": challenge_ids.new(key, terminal, expires),
        "digits": digits(rules.length, draw),
        "gaps_s": [(low + draw.below(high - low + 1)) / 100 for _ in range(rules.length)],
        "iat": now,
        "exp": expires,
    }


def digits(length: int, draw: Draw | None = None) -> list[int]:
    """Return random digits, none twice in a row: two equal ones run together when they are spoken."""
    below, chosen = (draw or Draw()).below, list[int]()
    while len(chosen) < length:
        chosen.append(next_digit(chosen[-1] if chosen else None, below))
    return chosen
