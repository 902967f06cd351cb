"""Heads of the terminals' audit logs, as they sent them: what nobody at a terminal can make anew.

A log only grows. So a head is a contradiction, and an alarm, if another one was sent for the same record
number; or if it stands before one that was *signed* earlier: a request may arrive late, overtaken by the
next, but it was signed in its turn. Heads since the enrolment, or since the last accepted alarm, must agree.
"""

import re
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms
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
    if head.seq == 0:
        return
    last = _contradicted_record(session, terminal, head, signed_unix)
    if last is not None:
        alarms.raise_rewound(session, terminal, head.seq, last, now)
    if session.get(StoredAuditHead, (terminal, head.seq, head.hash)) is None:
        session.add(
            StoredAuditHead(
                terminal=terminal, seq=head.seq, hash=head.hash, at_unix=now, signed_unix=signed_unix
            )
        )


def _contradicted_record(session: Session, terminal: str, head: AuditHead, signed_unix: float) -> int | None:
    """Return the number of a record that central knows of and this head's log cannot hold."""
    query = select(StoredAuditHead).where(
        StoredAuditHead.terminal == terminal,
        StoredAuditHead.at_unix >= alarms.trusted_since(session, terminal),
        StoredAuditHead.seq >= head.seq,
    )
    for row in session.scalars(query.order_by(StoredAuditHead.seq.desc())):
        later = row.seq > head.seq and signed_unix > row.signed_unix + OVERTAKEN_S
        if later or (row.seq == head.seq and row.hash != head.hash):
            return row.seq
    return None


def stored(session: Session, terminal: str) -> list[AuditHead]:
    """Return all heads of a terminal that must agree, in the order of its records."""
    query = select(StoredAuditHead).where(
        StoredAuditHead.terminal == terminal,
        StoredAuditHead.at_unix >= alarms.trusted_since(session, terminal),
    )
    rows = session.scalars(query.order_by(StoredAuditHead.seq, StoredAuditHead.at_unix))
    return [AuditHead(row.seq, row.hash) for row in rows]
