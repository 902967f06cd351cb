"""Clerks and supervisors: who may sign in at which terminal, and the signed roster each terminal gets.

PINs are made here and told once; only argon2id hashes are kept, and only they travel.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jwt
from argon2 import PasswordHasher
from argon2.low_level import Type
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.storage.tables import Clerk, ClerkPost, Terminal, TerminalState

ROLES = ("clerk", "supervisor")
TYPE = "roster+jwt"
"""Another type than a challenge's: neither can be taken for the other."""
PIN_LENGTH = 6
HASHER = PasswordHasher(time_cost=2, memory_cost=65_536, parallelism=1, type=Type.ID)
"""The terminal pays as much at each sign-in; docs/decisions/0007 has what it was measured to cost."""


@dataclass(frozen=True)
class StaffFacts:
    """A stretch of time in which a clerk might sign at the request's terminal, and in which role."""

    role: str
    from_unix: float
    until_unix: float | None  # None: still


Staff = Mapping[str, Sequence[StaffFacts]]
"""Clerk's number → such stretches; also of those who have gone, for requests that come late."""


class Unknown(Exception):  # noqa: N818
    """There is no such clerk or terminal; the text names it."""


def add(session: Session, names: list[str], role: str, now: float) -> tuple[str, str]:
    """A new number at these terminals, and its PIN. Raises Unknown."""
    number = _free_number(session)
    pin = new_pin()
    session.add(Clerk(number=number, role=role, pin=HASHER.hash(pin), added_unix=now))
    session.flush()
    place(session, number, names, now)
    return number, pin


def place(session: Session, number: str, names: list[str], now: float) -> None:
    """These terminals from now on, and no others; where the clerk was before is kept. Raises Unknown."""
    clerk = _known(session, number)
    for name in names:
        terminal = session.get(Terminal, name)
        if terminal is None or terminal.state == TerminalState.REVOKED:
            raise Unknown(f"terminal {name}")
    posts = {post.terminal: post for post in _posts(session, number)}
    for name in posts.keys() - set(names):
        posts[name].until_unix = now
    _open(session, clerk, [name for name in dict.fromkeys(names) if name not in posts], now)


def disable(session: Session, number: str, now: float) -> None:
    """Off every roster with the next one that a terminal fetches. Raises Unknown."""
    _known(session, number).disabled_unix = now


def give_role(session: Session, number: str, role: str, now: float) -> None:
    """From now on; what was signed before stays signed in the role of before. Raises Unknown."""
    clerk = _known(session, number)
    if clerk.role == role:
        return
    clerk.role = role
    posts = _posts(session, number)
    for post in posts:
        post.until_unix = now
    _open(session, clerk, [post.terminal for post in posts], now)


def reset_pin(session: Session, number: str, now: float) -> str:
    """A new PIN, told once; locks at the terminals end, a disabled clerk is back. Raises Unknown."""
    clerk, pin = _known(session, number), new_pin()
    clerk.pin, clerk.unlocked_unix, clerk.disabled_unix = HASHER.hash(pin), now, None
    return pin


def unlock(session: Session, number: str, now: float) -> None:
    """Terminals forget the failures before this moment. Raises Unknown."""
    _known(session, number).unlocked_unix = now


def listed(session: Session) -> list[tuple[Clerk, list[str]]]:
    """Everybody with their terminals, by number."""
    query = select(ClerkPost.clerk, ClerkPost.terminal).where(ClerkPost.until_unix.is_(None))
    places = session.execute(query).all()
    return [
        (clerk, sorted(terminal for number, terminal in places if number == clerk.number))
        for clerk in session.scalars(select(Clerk).order_by(Clerk.number))
    ]


def facts(session: Session, terminal: str) -> dict[str, list[StaffFacts]]:
    """Who might sign at `terminal`, when and in which role; also whoever has gone: requests come late."""
    query = (
        select(ClerkPost, Clerk.disabled_unix)
        .join(Clerk, ClerkPost.clerk == Clerk.number)
        .where(ClerkPost.terminal == terminal)
    )
    known: dict[str, list[StaffFacts]] = {}
    for post, disabled in session.execute(query):
        ends = [at for at in (post.until_unix, disabled) if at is not None]
        fact = StaffFacts(post.role, post.from_unix, min(ends, default=None))
        known.setdefault(post.clerk, []).append(fact)
    return known


def roster(session: Session, key: Ed25519PrivateKey, terminal: str, now: float, valid_s: float) -> str:
    """Who may sign in at `terminal`, signed, with an end."""
    query = (
        select(Clerk)
        .join(ClerkPost, ClerkPost.clerk == Clerk.number)
        .where(
            ClerkPost.terminal == terminal,
            ClerkPost.until_unix.is_(None),
            Clerk.disabled_unix.is_(None),
        )
        .order_by(Clerk.number)
    )
    claims = {
        "iss": "central",
        "aud": terminal,
        "iat": now,
        "exp": now + valid_s,
        "members": [_member(clerk) for clerk in session.scalars(query)],
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TYPE})


def new_pin() -> str:
    """Six random digits, see `good_pin`."""
    while True:
        pin = f"{secrets.randbelow(10**PIN_LENGTH):0{PIN_LENGTH}}"
        if good_pin(pin):
            return pin


def good_pin(pin: str) -> bool:
    """At least four digits differ, and no three follow each other: not 123456, not 112112."""
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
        return False
    steps = [int(b) - int(a) for a, b in pairwise(pin)]
    runs = any(a == b and a in (-1, 0, 1) for a, b in pairwise(steps))
    return len(set(pin)) >= 4 and not runs


def _member(clerk: Clerk) -> dict[str, Any]:
    return {
        "number": clerk.number,
        "role": clerk.role,
        "pin": clerk.pin,
        "unlocked_unix": clerk.unlocked_unix,
    }


def _known(session: Session, number: str) -> Clerk:
    clerk = session.get(Clerk, number, with_for_update=True)
    if clerk is None:
        raise Unknown(f"clerk {number}")
    return clerk


def _posts(session: Session, number: str) -> list[ClerkPost]:
    """Where the clerk works now."""
    query = select(ClerkPost).where(ClerkPost.clerk == number, ClerkPost.until_unix.is_(None))
    return list(session.scalars(query))


def _open(session: Session, clerk: Clerk, names: list[str], now: float) -> None:
    session.add_all(
        ClerkPost(clerk=clerk.number, terminal=name, role=clerk.role, from_unix=now) for name in names
    )


def _free_number(session: Session) -> str:
    while True:
        number = str(100_000 + secrets.randbelow(900_000))
        if session.get(Clerk, number) is None:
            return number
