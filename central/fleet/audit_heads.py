"""Heads of the terminals' audit logs, as they sent them: what nobody at a terminal can make anew.

A log only grows. So a head is a contradiction, and an alarm, if another one was sent for the same record
number; or if it stands before one that was *signed* earlier: a request may arrive late, overtaken by the
next, but it was signed in its turn. Heads since the enrolment, or since the last accepted alarm, must agree.
"""

import re
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, String, bindparam, func, insert, select
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms
from central.storage.prepared import Prepared
from central.storage.tables import StoredAuditHead

OVERTAKEN_S = 5.0
"""Two processes of a terminal may sign in the other order than they read the log, by no more than this."""
HEADER = "audit-head"
_HEAD = re.compile(r"(0|[1-9]\d{0,14}):([0-9a-f]{64})")


class AuditHead(NamedTuple):
    """Number and hash of the last record of a log."""

    seq: int
    hash: str


def parse(header: str | None) -> AuditHead | None:
    """Parse the header `<seq>:<hash>`; None if there is none. Raises Problem 422."""
    if header is None:
        return None
    found = _HEAD.fullmatch(header)
    if found is None:
        raise Problem(422, Code.REQUEST_MALFORMED, "Audit-Head")
    return AuditHead(int(found[1]), found[2])


def store(session: Session, terminal: str, head: AuditHead, signed_unix: float, now: float) -> None:
    """Store a head that is new, and raise an alarm if it contradicts another.

    A contradicting head is stored too: both are evidence. `signed_unix`: when the terminal signed.
    """
    known = _KNOWN(session, terminal=terminal, **parameters(head, signed_unix)).one()
    note_contradiction(session, terminal, head, known, now)
    if is_new(head, known):
        _STORE(session, terminal=terminal, **row(head, signed_unix, now))


def note_contradiction(
    session: Session, terminal: str, head: AuditHead | None, known: Any, now: float
) -> bool:
    """Raise an alarm and return True if the head contradicts another. `known`: a row with `KNOWN`."""
    if head is None or head.seq == 0 or known.contradicted is None:
        return False
    alarms.raise_rewound(session, terminal, head.seq, known.contradicted, now)
    return True


def is_new(head: AuditHead | None, known: Any) -> bool:
    """Return whether the head is to be stored. `known`: a row with `KNOWN`."""
    return head is not None and head.seq != 0 and known.head_at_unix is None


def parameters(head: AuditHead | None, signed_unix: float) -> dict[str, Any]:
    """Return the parameters of `KNOWN`, beside the terminal's name. No head is stored that is before 1."""
    seq, digest = head or (0, "")
    return {"seq": seq, "hash": digest, "overtaken_unix": signed_unix - OVERTAKEN_S}


def row(head: AuditHead, signed_unix: float, now: float) -> dict[str, Any]:
    """Return the parameters of `STORE`, beside the terminal's name."""
    return {"seq": head.seq, "hash": head.hash, "head_at_unix": now, "signed_unix": signed_unix}


_OWN = StoredAuditHead.terminal == bindparam("terminal")
_SEQ = bindparam("seq", type_=BigInteger)
_HASH = bindparam("hash", type_=String)
_LATER = (StoredAuditHead.seq > _SEQ) & (StoredAuditHead.signed_unix < bindparam("overtaken_unix"))
_ANOTHER = (StoredAuditHead.seq == _SEQ) & (StoredAuditHead.hash != _HASH)
# From the greatest number down the primary key to the first that contradicts. In between are, of one log,
# only the heads of the minutes in which a request can be overtaken, however many are stored.
_CONTRADICTED = (
    select(StoredAuditHead.seq)
    .where(_OWN, StoredAuditHead.seq >= _SEQ, alarms.is_trusted(StoredAuditHead.at_unix), _LATER | _ANOTHER)
    .order_by(StoredAuditHead.seq.desc())
    .limit(1)
)
_SAME = select(StoredAuditHead.at_unix).where(
    _OWN, StoredAuditHead.seq == _SEQ, StoredAuditHead.hash == _HASH
)
KNOWN = (
    _CONTRADICTED.scalar_subquery().label("contradicted"),
    _SAME.scalar_subquery().label("head_at_unix"),
)
"""Parts of a prepared statement about a head that came: the record that it contradicts, and since when it is
stored."""
STORE = insert(StoredAuditHead).values(
    {
        "terminal": bindparam("terminal"),
        "seq": bindparam("seq"),
        "hash": bindparam("hash"),
        "at_unix": bindparam("head_at_unix"),
        "signed_unix": bindparam("signed_unix"),
    }
)
_KNOWN = Prepared(select(*KNOWN))
_STORE = Prepared(STORE)
LAST_BEFORE = select(func.max(StoredAuditHead.seq)).where(
    _OWN,
    alarms.is_trusted(StoredAuditHead.at_unix),
    StoredAuditHead.signed_unix < bindparam("before_unix"),
)
"""The greatest record that `terminal` signed for before `before_unix`, of its own clock."""


def stored(session: Session, terminal: str) -> list[AuditHead]:
    """Return all heads of a terminal that must agree, in the order of its records."""
    query = select(StoredAuditHead).where(
        StoredAuditHead.terminal == terminal,
        StoredAuditHead.at_unix >= alarms.trusted_since(session, terminal),
    )
    rows = session.scalars(query.order_by(StoredAuditHead.seq, StoredAuditHead.at_unix))
    return [AuditHead(row.seq, row.hash) for row in rows]
