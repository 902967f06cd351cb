"""Alarms that a person at central must look into: audit logs that went back, and lost requests.

A terminal whose log went back is **held**: it gets no new digits, its heartbeat is answered with
`audit_rewound` (then it serves nobody), and what it hands in stays pending: nobody is refused for it. This
ends when a person at central has looked into the terminal and runs `central alarms accept`.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.storage.tables import Activation, AuditAlarm, LostRequest, Terminal

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An open alarm. `what`: audit.rewound or request.lost; `detail`: which records, or which number."""

    terminal: str
    at_unix: float
    what: str
    detail: str


def trusted_since(session: Session, terminal: str) -> float:
    """Return since when its audit heads must agree: its enrolment, or the last accepted alarm (Unix time)."""
    accepted = session.scalar(
        select(func.max(AuditAlarm.at_unix)).where(
            AuditAlarm.terminal == terminal, AuditAlarm.accepted_unix.is_not(None)
        )
    )
    known = session.get(Terminal, terminal)
    enrolled = known.enrolled_unix if known is not None else None
    return max(accepted or 0.0, enrolled or 0.0)


def is_held(session: Session, terminal: str) -> bool:
    """Return whether its audit log went back and nobody has accepted that yet."""
    query = select(AuditAlarm.at_unix).where(
        AuditAlarm.terminal == terminal,
        AuditAlarm.accepted_unix.is_(None),
        AuditAlarm.at_unix >= trusted_since(session, terminal),
    )
    return session.scalars(query).first() is not None


def raise_rewound(session: Session, terminal: str, seq: int, last: int, now: float) -> None:
    """Raise an alarm, unless one is open: the log stands at record `seq`, before the known `last`."""
    if is_held(session, terminal):
        return
    log.error("ALARM: the audit log of %s went back from record %d to %d", terminal, last, seq)
    session.add(AuditAlarm(terminal=terminal, at_unix=now, seq=seq, last_seq=last))


def note_lost(session: Session, terminal: str, visits: Iterable[str], now: float) -> None:
    """Note requests that the terminal promised and does not have any more. Those that came are not lost."""
    for visit in visits:
        known = session.get(LostRequest, (terminal, visit)) or session.get(Activation, visit)
        if known is None:
            log.error("ALARM: %s has lost request %s", terminal, visit)
            session.add(LostRequest(terminal=terminal, visit=visit, told_unix=now))


def is_lost(session: Session, visit: str) -> bool:
    """Return whether a terminal says that it lost this request, and it never came."""
    query = select(LostRequest.visit).where(LostRequest.visit == visit)
    return session.get(Activation, visit) is None and session.scalars(query).first() is not None


def open_alarms(session: Session) -> list[Alarm]:
    """Return all open alarms, the oldest first."""
    found = [
        Alarm(
            terminal=row.terminal,
            at_unix=row.at_unix,
            what="audit.rewound",
            detail=f"from record {row.last_seq} to {row.seq}",
        )
        for row in session.scalars(select(AuditAlarm).where(AuditAlarm.accepted_unix.is_(None)))
        if row.at_unix >= trusted_since(session, row.terminal)
    ]
    lost = (
        select(LostRequest)
        .outerjoin(Activation, Activation.id == LostRequest.visit)
        .where(Activation.id.is_(None), LostRequest.noted_unix.is_(None))
    )
    found += [
        Alarm(terminal=row.terminal, at_unix=row.told_unix, what="request.lost", detail=row.visit)
        for row in session.scalars(lost)
    ]
    return sorted(found, key=lambda alarm: (alarm.at_unix, alarm.detail))


def accept(session: Session, terminal: str, by: str, now: float) -> int:
    """Close all open alarms of a terminal in the name of `by`; return how many there were."""
    count = sum(alarm.terminal == terminal for alarm in open_alarms(session))
    session.execute(
        update(AuditAlarm)
        .where(AuditAlarm.terminal == terminal, AuditAlarm.accepted_unix.is_(None))
        .values(accepted_unix=now, accepted_by=by)
    )
    session.execute(
        update(LostRequest)
        .where(LostRequest.terminal == terminal, LostRequest.noted_unix.is_(None))
        .values(noted_unix=now, noted_by=by)
    )
    return count
