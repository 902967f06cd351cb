"""Heads of the terminals' audit logs, as they told them: what nobody at a terminal can make anew."""

import logging
import re
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.codes import Code
from central.problems import Problem
from central.tables import AuditAnchor

log = logging.getLogger(__name__)

HEADER = "audit-head"
_HEAD = re.compile(r"(0|[1-9]\d{0,14}):([0-9a-f]{64})")


class Anchor(NamedTuple):
    seq: int
    hash: str


def parse(header: str | None) -> Anchor | None:
    """None if there is none. Raises Problem 422."""
    if header is None:
        return None
    found = _HEAD.fullmatch(header)
    if found is None:
        raise Problem(422, Code.REQUEST_MALFORMED, "Audit-Head")
    return Anchor(int(found[1]), found[2])


def keep(session: Session, terminal: str, anchor: Anchor, now: float) -> None:
    """Every head that is news. One that contradicts what is kept is kept too: both are evidence."""
    if session.get(AuditAnchor, (terminal, anchor.seq, anchor.hash)) is not None or anchor.seq == 0:
        return
    last = session.scalar(select(func.max(AuditAnchor.seq)).where(AuditAnchor.terminal == terminal))
    if last is not None and anchor.seq <= last:
        log.warning("the audit log of %s went back from record %d to %d", terminal, last, anchor.seq)
    session.add(AuditAnchor(terminal=terminal, seq=anchor.seq, hash=anchor.hash, at_unix=now))


def kept(session: Session, terminal: str) -> list[Anchor]:
    """All of a terminal's, in the order of its records."""
    query = select(AuditAnchor).where(AuditAnchor.terminal == terminal)
    rows = session.scalars(query.order_by(AuditAnchor.seq, AuditAnchor.at_unix))
    return [Anchor(row.seq, row.hash) for row in rows]
