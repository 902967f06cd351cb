"""Clerks and supervisors: who may sign in at which terminal, and the signed roster each terminal gets.

PINs are made here and shown once; only keys that they wrap are stored, and only those travel.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from central.fleet import clerk_keys
from central.storage.prepared import Prepared
from central.storage.tables import Clerk, ClerkKey, ClerkPost, Terminal, TerminalState

ROLES = ("clerk", "supervisor")
TYPE = "roster+jwt"
"""Another type than a challenge's: neither can be taken for the other."""
PIN_LENGTH = 6


@dataclass(frozen=True, kw_only=True)
class StaffPeriod:
    """A period in which a clerk could sign at a terminal, in one role and with one key."""

    role: str
    public_key: str  # base64url, as in a JWK's `x`
    from_unix: float
    until_unix: float | None  # None: still


@dataclass(frozen=True, kw_only=True)
class ClerkSummary:
    """A clerk in a list. `state`: active, disabled, or no PIN: none was made since keys exist."""

    number: str
    role: str
    state: str
    terminals: list[str]


Staff = Mapping[str, Sequence[StaffPeriod]]
"""Clerk's number → periods; also of those who have gone, for requests that come late."""


class NotFound(Exception):  # noqa: N818
    """There is no such clerk or terminal; the text names it."""


def add(session: Session, terminals: list[str], role: str, now: float) -> tuple[str, str]:
    """Add a clerk at these terminals; return the new number and PIN. Raises NotFound."""
    number = str(100_000 + secrets.randbelow(900_000))
    while session.get(Clerk, number) is not None:
        number = str(100_000 + secrets.randbelow(900_000))
    pin = new_pin()
    session.add(Clerk(number=number, role=role, added_unix=now))
    session.flush()
    clerk_keys.replace(session, number, pin, now)
    assign(session, number, terminals, now)
    return number, pin


def assign(session: Session, number: str, terminals: list[str], now: float) -> None:
    """Assign a clerk to these terminals from now on, and to no others. Raises NotFound.

    Where the clerk was before stays stored.
    """
    clerk = _get_clerk(session, number)
    for name in terminals:
        terminal = session.get(Terminal, name)
        if terminal is None or terminal.state == TerminalState.REVOKED:
            raise NotFound(f"terminal {name}")
    posts = {post.terminal: post for post in _current_posts(session, number)}
    for name in posts.keys() - set(terminals):
        posts[name].until_unix = now
    _add_posts(session, clerk, [name for name in dict.fromkeys(terminals) if name not in posts], now)


def disable(session: Session, number: str, now: float) -> None:
    """Take a clerk off every roster, from the next one that a terminal fetches. Raises NotFound.

    What is signed from now on does not count, and what was signed before is held if it comes late.
    """
    _get_clerk(session, number).disabled_unix = now
    clerk_keys.end(session, number, now)


def change_role(session: Session, number: str, role: str, now: float) -> None:
    """Change a clerk's role from now on. Raises NotFound.

    What was signed before stays signed in the earlier role.
    """
    clerk = _get_clerk(session, number)
    if clerk.role == role:
        return
    clerk.role = role
    posts = _current_posts(session, number)
    for post in posts:
        post.until_unix = now
    _add_posts(session, clerk, [post.terminal for post in posts], now)


def reset_pin(session: Session, number: str, now: float) -> str:
    """Return a new PIN, with a new key; what is signed with the old one from now on does not count.

    It ends lockouts at the terminals and enables a disabled clerk. Raises NotFound.
    """
    clerk, pin = _get_clerk(session, number), new_pin()
    clerk.unlocked_unix, clerk.disabled_unix = now, None
    clerk_keys.replace(session, number, pin, now)
    return pin


def unlock(session: Session, number: str, now: float) -> None:
    """Let terminals forget the clerk's failures before this moment. Raises NotFound."""
    _get_clerk(session, number).unlocked_unix = now


def list_all(session: Session) -> list[ClerkSummary]:
    """Return all clerks, by number."""
    query = select(ClerkPost.clerk, ClerkPost.terminal).where(ClerkPost.until_unix.is_(None))
    posts = session.execute(query).all()
    keyed = set(session.scalars(select(ClerkKey.clerk).where(ClerkKey.until_unix.is_(None))))
    return [
        ClerkSummary(
            number=clerk.number,
            role=clerk.role,
            state="disabled" if clerk.disabled_unix else "active" if clerk.number in keyed else "no PIN",
            terminals=sorted(terminal for number, terminal in posts if number == clerk.number),
        )
        for clerk in session.scalars(select(Clerk).order_by(Clerk.number))
    ]


def staff_periods(session: Session, terminal: str) -> dict[str, list[StaffPeriod]]:
    """Return who could sign at `terminal`, when, in which role and with which key; also who has gone."""
    query = (
        select(ClerkPost, ClerkKey)
        .join(ClerkKey, ClerkPost.clerk == ClerkKey.clerk)
        .where(ClerkPost.terminal == terminal)
        .order_by(ClerkPost.from_unix, ClerkKey.from_unix)
    )
    periods: dict[str, list[StaffPeriod]] = {}
    for post, key in session.execute(query):
        ends = [at for at in (post.until_unix, key.until_unix) if at is not None]
        begin, end = max(post.from_unix, key.from_unix), min(ends, default=None)
        if end is None or begin <= end:
            period = StaffPeriod(role=post.role, public_key=key.public_key, from_unix=begin, until_unix=end)
            periods.setdefault(post.clerk, []).append(period)
    return periods


_MEMBERS = Prepared(
    select(Clerk.number, Clerk.role, Clerk.unlocked_unix, ClerkKey.wrapped)
    .join(ClerkPost, ClerkPost.clerk == Clerk.number)
    .join(ClerkKey, ClerkKey.clerk == Clerk.number)
    .where(
        ClerkPost.terminal == bindparam("terminal"),
        ClerkPost.until_unix.is_(None),
        ClerkKey.until_unix.is_(None),
        Clerk.disabled_unix.is_(None),
    )
    .order_by(Clerk.number)
)


def members(session: Session, terminal: str) -> list[dict[str, Any]]:
    """Return those who may sign in at `terminal`, as its roster names them."""
    return [
        {
            "number": one.number,
            "role": one.role,
            "key": json.loads(one.wrapped),
            "unlocked_unix": one.unlocked_unix,
        }
        for one in _MEMBERS(session, terminal=terminal).all()
    ]


def version(members: Sequence[Mapping[str, Any]]) -> str:
    """Return a name of the content of a roster, which changes with it; 16 hex characters."""
    return sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()[:16]


def sign_roster(
    members: Sequence[Mapping[str, Any]], key: Ed25519PrivateKey, terminal: str, now: float, valid_s: float
) -> str:
    """Return the signed token of a roster that holds for `valid_s` seconds."""
    claims = {"iss": "central", "aud": terminal, "iat": now, "exp": now + valid_s, "members": members}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TYPE})


def roster(session: Session, key: Ed25519PrivateKey, terminal: str, now: float, valid_s: float) -> str:
    """Return the signed token of those who may sign in at `terminal` for `valid_s` seconds."""
    return sign_roster(members(session, terminal), key, terminal, now, valid_s)


def new_pin() -> str:
    """Return six random digits, see `is_good_pin`."""
    while True:
        pin = f"{secrets.randbelow(10**PIN_LENGTH):0{PIN_LENGTH}}"
        if is_good_pin(pin):
            return pin


def is_good_pin(pin: str) -> bool:
    """Return whether at least four digits differ, and no three follow each other: not 123456, not 112112."""
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
        return False
    steps = [int(b) - int(a) for a, b in pairwise(pin)]
    runs = any(a == b and a in (-1, 0, 1) for a, b in pairwise(steps))
    return len(set(pin)) >= 4 and not runs


def _get_clerk(session: Session, number: str) -> Clerk:
    clerk = session.get(Clerk, number, with_for_update=True)
    if clerk is None:
        raise NotFound(f"clerk {number}")
    return clerk


def _current_posts(session: Session, number: str) -> list[ClerkPost]:
    query = select(ClerkPost).where(ClerkPost.clerk == number, ClerkPost.until_unix.is_(None))
    return list(session.scalars(query))


def _add_posts(session: Session, clerk: Clerk, terminals: list[str], now: float) -> None:
    session.add_all(
        ClerkPost(clerk=clerk.number, terminal=name, role=clerk.role, from_unix=now) for name in terminals
    )
