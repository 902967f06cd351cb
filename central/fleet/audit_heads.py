"""Heads of the terminals' audit logs, as they told them: what nobody at a terminal can make anew.

A log only grows. So a head is a contradiction, and an alarm, if another one was told for the same place; or
if it stands before one that was *signed* earlier: a request may arrive late, overtaken by the next, but it
was signed in its turn. Heads since the enrolment, or since the last accepted alarm, must agree.
"""

import re
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms
from central.storage.tables import AuditAnchor

OVERTAKEN_S = 5.0
"""Two processes of a terminal may sign in the other order than they read the log, by no more than this."""
HEADER = "audit-head"
_HEAD = re.compile(r"(0|[1-9]\d{0,14}):([0-9a-f]{64})")


class AuditHead(NamedTuple):
    seq: int
    hash: str


def parse(header: str | None) -> AuditHead | None:
    """None if there is none. Raises Problem 422."""
    if header is None:
        return None
    found = _HEAD.fullmatch(header)
    if found is None:
        raise Problem(422, Code.REQUEST_MALFORMED, "Audit-Head")
    return AuditHead(int(found[1]), found[2])


def keep(session: Session, terminal: str, anchor: AuditHead, signed_unix: float, now: float) -> None:
    """Every head that is news. One that contradicts what is kept is kept too: both are evidence."""
    if anchor.seq == 0:
        return
    last = _contradicted(session, terminal, anchor, signed_unix)
    if last is not None:
        alarms.raise_rewound(session, terminal, anchor.seq, last, now)
    if session.get(AuditAnchor, (terminal, anchor.seq, anchor.hash)) is None:
        row = AuditAnchor(
            terminal=terminal, seq=anchor.seq, hash=anchor.hash, at_unix=now, signed_unix=signed_unix
        )
        session.add(row)


def _contradicted(session: Session, terminal: str, anchor: AuditHead, signed_unix: float) -> int | None:
    """The record that central was told of before, and that this head knows nothing of."""
    query = select(AuditAnchor).where(
        AuditAnchor.terminal == terminal,
        AuditAnchor.at_unix >= alarms.since(session, terminal),
        AuditAnchor.seq >= anchor.seq,
    )
    for row in session.scalars(query.order_by(AuditAnchor.seq.desc())):
        later = row.seq > anchor.seq and signed_unix > row.signed_unix + OVERTAKEN_S
        if later or (row.seq == anchor.seq and row.hash != anchor.hash):
            return row.seq
    return None


def kept(session: Session, terminal: str) -> list[AuditHead]:
    """All of a terminal's that must agree, in the order of its records."""
    query = select(AuditAnchor).where(
        AuditAnchor.terminal == terminal, AuditAnchor.at_unix >= alarms.since(session, terminal)
    )
    rows = session.scalars(query.order_by(AuditAnchor.seq, AuditAnchor.at_unix))
    return [AuditHead(row.seq, row.hash) for row in rows]
