"""Erases personal data whose term has ended; each erasing leaves a signed receipt, in one transaction.

A receipt is a JWT (EdDSA, the key that signs challenges) that names the hash of the one before it, so none
can be altered or taken out of the middle; central's public key suffices to verify a list of them offline.
A list that was cut off at its end looks whole: keep a copy elsewhere.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ColumnElement, Delete, Update, delete, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from central import metrics
from central.settings import Retention
from central.storage.authentication_tables import FaceConsent
from central.storage.database import Database
from central.storage.owner_tables import CredentialAct, Use
from central.storage.tables import (
    Activation,
    Challenge,
    Credential,
    Ending,
    Erasure,
    PhoneCode,
    Status,
)

TYPE = "erasure+jwt"
FIRST = "0" * 64
DAY_S = 24 * 3600.0
_ERASURES_LOCK = 0x6572617375726573
"""Key of the advisory lock: above 2^60, while those of people (`credentials.lifecycle`) are below."""
UNSETTLED = (Status.RUNNING.value, Status.PENDING.value)


@dataclass(frozen=True, kw_only=True)
class ErasureReceipt:
    """One category of data, erased at one time: `count` rows of `from_unix` … `to_unix`, kept for `days`.

    `by`: "job", "command", or the number of the visit in which a person asked for it.
    """

    seq: int
    at_unix: float
    kind: str
    count: int
    from_unix: float
    to_unix: float
    days: float
    by: str


class ReceiptsAltered(Exception):  # noqa: N818
    """A list of receipts is not as it was; the text names the first that is wrong."""


@dataclass(frozen=True, kw_only=True)
class DataCategory:
    """Data that is erased after `days`. `at`: the time that counts."""

    kind: str
    days: float
    at: InstrumentedAttribute[float] | InstrumentedAttribute[float | None]
    due: Callable[[float], ColumnElement[bool]]  # the rows of before a time
    erase: Update | Delete


def categories(keep: Retention) -> tuple[DataCategory, ...]:
    """Return all data that has a term.

    What is still open at the register has none: it ends when the register answers or is given up.
    """
    unsettled = select(Activation.id).where(Activation.status.in_(UNSETTLED))
    return (
        DataCategory(
            kind="evidence",
            days=keep.evidence_days,
            at=Activation.at_unix,
            due=lambda before: (
                Activation.status.not_in(UNSETTLED)
                & (Activation.at_unix < before)
                & (Activation.evidence != "")
            ),
            # The row stays, with number, hash and answer: it is what makes a number serve once.
            erase=update(Activation).values(
                evidence="", measures=None, phone=None, applicant=None, person=None, phone_proved=None
            ),
        ),
        DataCategory(
            kind="ended credentials",
            days=keep.ended_days,
            at=Credential.revoked_unix,
            due=lambda before: (Credential.revoked_unix < before) & (Credential.password != ""),
            # Serial and times stay; person, guardian, phone and password go.
            erase=update(Credential).values(person="", guardian=None, phone=b"", password=""),
        ),
        DataCategory(
            kind="endings",
            days=keep.endings_days,
            at=Ending.at_unix,
            # What was asked before may still be at the register, or held by an operator.
            due=lambda before: (
                (Ending.at_unix < before)
                & ~exists(
                    select(Activation.id).where(
                        Activation.status.in_(UNSETTLED), Activation.ended_unix <= Ending.asked_unix
                    )
                )
            ),
            erase=delete(Ending),
        ),
        DataCategory(
            kind="challenges",
            days=keep.challenges_days,
            at=Challenge.expires_unix,
            # An expired challenge may still arrive with a visit that began in time, weeks later.
            due=lambda before: (
                (Challenge.expires_unix < before)
                & (Challenge.used_by.is_(None) | Challenge.used_by.not_in(unsettled))
            ),
            erase=delete(Challenge),
        ),
        DataCategory(
            kind="uses of credentials",
            days=keep.evidence_days,
            at=Use.at_unix,
            due=lambda before: Use.at_unix < before,
            erase=delete(Use),
        ),
        DataCategory(
            kind="acts with credentials",
            days=keep.evidence_days,
            at=CredentialAct.at_unix,
            due=lambda before: CredentialAct.at_unix < before,
            erase=delete(CredentialAct),
        ),
        DataCategory(
            kind="consents to face and voice",
            days=keep.evidence_days,
            at=FaceConsent.at_unix,
            due=lambda before: FaceConsent.at_unix < before,
            erase=delete(FaceConsent),
        ),
        DataCategory(
            kind="one-time codes",
            days=keep.phone_codes_days,
            at=PhoneCode.sent_unix,
            due=lambda before: (PhoneCode.sent_unix < before) & PhoneCode.proved_unix.is_(None),
            erase=delete(PhoneCode),
        ),
        DataCategory(
            kind="proofs of mobile numbers",
            days=keep.phone_proofs_days,
            at=PhoneCode.proved_unix,
            due=lambda before: PhoneCode.proved_unix < before,
            erase=delete(PhoneCode),
        ),
    )


def erase(
    database: Database, key: Ed25519PrivateKey, keep: Retention, now: float, by: str = "job"
) -> list[ErasureReceipt]:
    """Erase what is due and return the receipts. `by`: "job" or "command".

    It goes from SQLite's log too, unless another process reads at this moment.
    """
    receipts = []
    for category in categories(keep):
        with database.write() as session:
            receipt = _erase_category(session, category, key, now, by)
        if receipt is not None:
            receipts.append(receipt)
    if receipts:
        database.scrub()
    metrics.ERASED_UNIX.set(now)
    return receipts


def _erase_category(
    session: Session, category: DataCategory, key: Ed25519PrivateKey, now: float, by: str
) -> ErasureReceipt | None:
    lock_erasures(session)
    due = category.due(now - category.days * DAY_S)
    query = select(func.count(), func.min(category.at), func.max(category.at)).where(due)
    count, first, last = session.execute(query).one()
    if not count or first is None or last is None:
        return None
    session.execute(category.erase.where(due))
    return sign_receipt(
        session,
        key,
        at_unix=now,
        kind=category.kind,
        count=count,
        from_unix=first,
        to_unix=last,
        days=category.days,
        by=by,
    )


def lock_erasures(session: Session) -> None:
    """Let no other transaction count, erase or sign a receipt until this one ends.

    Two processes would count the same rows on PostgreSQL, and give two receipts the same number. SQLite has
    one writer.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_ERASURES_LOCK)))


def sign_receipt(
    session: Session,
    key: Ed25519PrivateKey,
    *,
    at_unix: float,
    kind: str,
    count: int,
    from_unix: float,
    to_unix: float,
    days: float,
    by: str,
) -> ErasureReceipt:
    """Add the receipt of an erasure that is made in the same transaction, and return it.

    The transaction holds `lock_erasures` since before it counted.
    """
    newest = session.scalar(select(Erasure).order_by(Erasure.seq.desc()).limit(1))
    seq, previous = (newest.seq + 1, _hash(newest.token)) if newest else (1, FIRST)
    receipt = ErasureReceipt(
        seq=seq,
        at_unix=round(at_unix, 3),
        kind=kind,
        count=count,
        from_unix=from_unix,
        to_unix=to_unix,
        days=days,
        by=by,
    )
    claims = {"iss": "central", "previous": previous} | asdict(receipt)
    token = jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TYPE})
    session.add(Erasure(seq=seq, at_unix=receipt.at_unix, token=token))
    return receipt


def tokens(session: Session) -> list[str]:
    """Return the tokens of all receipts, in order."""
    return list(session.scalars(select(Erasure.token).order_by(Erasure.seq)))


def verify(tokens: Iterable[str], key: Ed25519PublicKey) -> list[ErasureReceipt]:
    """Verify a whole list of tokens and return the receipts, in order. Raises ReceiptsAltered."""
    receipts: list[ErasureReceipt] = []
    previous = FIRST
    for seq, token in enumerate(tokens, 1):
        try:
            kind = jwt.get_unverified_header(token).get("typ")
            claims = jwt.decode(token, key, algorithms=["EdDSA"], issuer="central")
            receipt = ErasureReceipt(**{one.name: claims[one.name] for one in fields(ErasureReceipt)})
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError):
            raise ReceiptsAltered(f"receipt {seq}: not signed by central") from None
        if kind != TYPE or receipt.seq != seq or claims.get("previous") != previous:
            raise ReceiptsAltered(f"receipt {seq}: missing, or another stands in its place")
        receipts.append(receipt)
        previous = _hash(token)
    return receipts


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
