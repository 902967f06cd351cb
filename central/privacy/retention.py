"""Retention: what is due is erased, and each erasing leaves a signed receipt, in one transaction.

A receipt is a JWT (EdDSA, the key that signs challenges) that names the hash of the one before it, so none
can be altered or taken out of the middle; whoever has central's public key verifies a list of them offline.
A list that was cut off at its end looks whole: keep a copy elsewhere.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.settings import Retention
from central.storage.database import Database
from central.storage.tables import Activation, Challenge, Credential, Erasure, Status

TYPE = "erasure+jwt"
FIRST = "0" * 64
DAY_S = 24 * 3600.0
_OPEN = (Status.RUNNING.value, Status.PENDING.value)


@dataclass(frozen=True)
class Receipt:
    """One kind of data, erased at one time. `count` things of `from_unix` … `to_unix`, kept for `days`."""

    seq: int
    at_unix: float
    kind: str
    count: int
    from_unix: float
    to_unix: float
    days: float
    by: str


class Altered(Exception):  # noqa: N818
    """The text names the first receipt that is not as it was."""


@dataclass(frozen=True)
class _Stock:
    """`due` is what came before a time; `erase` does it."""

    kind: str
    days: float
    at: InstrumentedAttribute[float] | InstrumentedAttribute[float | None]
    due: Callable[[float], ColumnElement[bool]]
    erase: Callable[[Session, ColumnElement[bool]], None]


def stocks(keep: Retention) -> tuple[_Stock, ...]:
    """All that has a term. What is still open at the register has none: its plan ends it."""
    return (
        _Stock("evidence", keep.evidence_days, Activation.at_unix, _old_evidence, _erase_evidence),
        _Stock("ended credentials", keep.ended_days, Credential.revoked_unix, _ended, _erase_ended),
        _Stock("challenges", keep.challenges_days, Challenge.expires_unix, _spent, _erase_challenges),
    )


def _old_evidence(before: float) -> ColumnElement[bool]:
    decided = Activation.status.not_in(_OPEN)
    return decided & (Activation.at_unix < before) & (Activation.evidence != "")


def _erase_evidence(session: Session, due: ColumnElement[bool]) -> None:
    """The row stays, with number, hash and last word: it is what makes the number serve once."""
    session.execute(update(Activation).where(due).values(evidence=""))


def _ended(before: float) -> ColumnElement[bool]:
    return (Credential.revoked_unix < before) & (Credential.password != "")


def _erase_ended(session: Session, due: ColumnElement[bool]) -> None:
    """Serial and times stay; who it was, phone and password go."""
    session.execute(update(Credential).where(due).values(person="", phone=b"", password=""))


def _spent(before: float) -> ColumnElement[bool]:
    """An expired challenge may still arrive with a visit that began in time, weeks later."""
    needed = select(Activation.id).where(Activation.status.in_(_OPEN))
    free = Challenge.used_by.is_(None) | Challenge.used_by.not_in(needed)
    return (Challenge.expires_unix < before) & free


def _erase_challenges(session: Session, due: ColumnElement[bool]) -> None:
    session.execute(delete(Challenge).where(due))


def erase(
    database: Database, key: Ed25519PrivateKey, keep: Retention, now: float, by: str = "job"
) -> list[Receipt]:
    """What is due goes; the receipts. Also from SQLite's log, where nobody reads at this moment."""
    done = []
    for stock in stocks(keep):
        with database.write() as session:
            receipt = _erase_one(session, stock, key, now, by)
            done += [receipt] if receipt is not None else []
    if done:
        database.scrub()
    return done


def _erase_one(
    session: Session, stock: _Stock, key: Ed25519PrivateKey, now: float, by: str
) -> Receipt | None:
    due = stock.due(now - stock.days * DAY_S)
    found = select(func.count(), func.min(stock.at), func.max(stock.at)).where(due)
    count, first, last = session.execute(found).one()
    if not count or first is None or last is None:
        return None
    stock.erase(session, due)
    newest = session.scalar(select(Erasure).order_by(Erasure.seq.desc()).limit(1).with_for_update())
    seq, previous = (newest.seq + 1, _hash(newest.token)) if newest else (1, FIRST)
    receipt = Receipt(seq, round(now, 3), stock.kind, count, first, last, stock.days, by)
    claims = {"iss": "central", "previous": previous} | asdict(receipt)
    token = jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TYPE})
    session.add(Erasure(seq=seq, at_unix=receipt.at_unix, token=token))
    return receipt


def tokens(session: Session) -> list[str]:
    """All receipts, in order."""
    return list(session.scalars(select(Erasure.token).order_by(Erasure.seq)))


def check(found: Iterable[str], key: Ed25519PublicKey) -> list[Receipt]:
    """A whole list of tokens, in order. Raises Altered."""
    receipts: list[Receipt] = []
    previous = FIRST
    for expected, token in enumerate(found, 1):
        receipts.append(_checked(token, key, expected, previous))
        previous = _hash(token)
    return receipts


def _checked(token: str, key: Ed25519PublicKey, seq: int, previous: str) -> Receipt:
    try:
        kind = jwt.get_unverified_header(token).get("typ")
        claims = jwt.decode(token, key, algorithms=["EdDSA"], issuer="central")
        receipt = Receipt(**{one.name: claims[one.name] for one in fields(Receipt)})
    except (jwt.PyJWTError, KeyError, ValueError, RecursionError):
        raise Altered(f"receipt {seq}: not signed by central") from None
    if kind != TYPE or receipt.seq != seq or claims.get("previous") != previous:
        raise Altered(f"receipt {seq}: missing, or another stands in its place")
    return receipt


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
