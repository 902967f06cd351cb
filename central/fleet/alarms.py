"""What must not go unseen at central: an audit log that went back, and requests that a terminal has lost.

A terminal whose log went back is **held**: it gets no new digits, its sign of life is answered with
`audit_rewound` (then it serves nobody), and what it hands in stays pending: nobody is refused for it. The way
out is a person at central: `central alarms accept`, after the terminal was looked into.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.storage.tables import Activation, AuditAlarm, LostRequest, Terminal

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """`what`: audit.rewound or request.lost; `detail`: which records, or which number."""

    terminal: str
    at_unix: float
    what: str
    detail: str


def since(session: Session, terminal: str) -> float:
    """From when on its heads must agree: its enrolment, or the last alarm that somebody accepted."""
    accepted = session.scalar(
        select(func.max(AuditAlarm.at_unix)).where(
            AuditAlarm.terminal == terminal, AuditAlarm.accepted_unix.is_not(None)
        )
    )
    known = session.get(Terminal, terminal)
    enrolled = known.enrolled_unix if known is not None else None
    return max(accepted or 0.0, enrolled or 0.0)


def held(session: Session, terminal: str) -> bool:
    """Did its log go back, and has nobody accepted that yet?"""
    query = select(AuditAlarm.at_unix).where(
        AuditAlarm.terminal == terminal,
        AuditAlarm.accepted_unix.is_(None),
        AuditAlarm.at_unix >= since(session, terminal),
    )
    return session.scalars(query).first() is not None


def raise_rewound(session: Session, terminal: str, seq: int, last: int, now: float) -> None:
    """The log stands at record `seq`, though central was told of `last`. Once until it is accepted."""
    if held(session, terminal):
        return
    log.error("ALARM: the audit log of %s went back from record %d to %d", terminal, last, seq)
    session.add(AuditAlarm(terminal=terminal, at_unix=now, seq=seq, last_seq=last))


def note_lost(session: Session, terminal: str, visits: Iterable[str], now: float) -> None:
    """Requests that the terminal promised and does not have any more. Those that came are not lost."""
    for visit in visits:
        known = session.get(LostRequest, (terminal, visit)) or session.get(Activation, visit)
        if known is None:
            log.error("ALARM: %s has lost request %s", terminal, visit)
            session.add(LostRequest(terminal=terminal, visit=visit, told_unix=now))


def is_lost(session: Session, visit: str) -> bool:
    """Some terminal says so, and it never came."""
    query = select(LostRequest.visit).where(LostRequest.visit == visit)
    return session.get(Activation, visit) is None and session.scalars(query).first() is not None


def open_alarms(session: Session) -> list[Alarm]:
    """The oldest first."""
    found = [
        Alarm(a.terminal, a.at_unix, "audit.rewound", f"from record {a.last_seq} to {a.seq}")
        for a in session.scalars(select(AuditAlarm).where(AuditAlarm.accepted_unix.is_(None)))
        if a.at_unix >= since(session, a.terminal)
    ]
    lost = (
        select(LostRequest)
        .outerjoin(Activation, Activation.id == LostRequest.visit)
        .where(Activation.id.is_(None), LostRequest.noted_unix.is_(None))
    )
    found += [Alarm(r.terminal, r.told_unix, "request.lost", r.visit) for r in session.scalars(lost)]
    return sorted(found, key=lambda alarm: (alarm.at_unix, alarm.detail))


def accept(session: Session, terminal: str, by: str, now: float) -> int:
    """Somebody has looked into all of a terminal's open alarms; how many there were."""
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
