"""Alarms that a person at central must look into.

They are raised by audit logs that went back, visits that are not plausible, lost requests, late decisions of
clerks, enrolment codes that are tried again, and cards that another reader read than the pinned one.

A terminal whose log went back, or whose visits no person can have made, is **held**: it gets no new digits,
its heartbeat is answered with `held` (then it serves nobody), and what it hands in stays pending: nobody is
refused for it. This ends when a person at central has looked into the terminal and runs `central alarms
accept`, or revokes the terminal: then what was held is refused.

A request is held alone if a clerk's decision in it came long after the clerk's period had ended: it stays
pending until somebody accepts it, or refuses it with `central alarms refuse`.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, bindparam, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from central.codes import Code
from central.storage.tables import (
    Activation,
    AuditAlarm,
    EnrolmentCode,
    HeldReview,
    LostRequest,
    ReaderAlarm,
    Terminal,
    VisitAlarm,
)

log = logging.getLogger(__name__)


class AlarmKind(StrEnum):
    """Why a visit is not plausible; see `central.activation.plausibility`."""

    OVERLAP = "visit.overlap"  # two visits of the terminal at the same time
    SHORT = "visit.short"  # quicker than a person
    RATE = "visit.rate"  # too many within an hour
    REPEATED = "visit.repeated"  # measured exactly what another visit measured
    LOG_STILL = "audit.still"  # the audit log did not grow with the visit
    CLOCK = "visit.clock"  # at a time that cannot be: a clock that is wrong holds no terminal
    PHONE = "phone.shared"  # too many people with one mobile number


_ABOUT_THE_REQUEST = (AlarmKind.CLOCK.value, AlarmKind.PHONE.value)
"""These hold the request and not the terminal."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An open alarm. `detail`: which.

    `what`: audit.rewound, request.lost, review.held, enrolment.used, reader.changed or an `AlarmKind`.
    """

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


def is_trusted(at_unix: InstrumentedAttribute[float]) -> ColumnElement[bool]:
    """Return `trusted_since` as a condition of a prepared statement with the parameter `terminal`."""
    accepted = select(func.max(AuditAlarm.at_unix)).where(
        AuditAlarm.terminal == bindparam("terminal"), AuditAlarm.accepted_unix.is_not(None)
    )
    enrolled = select(Terminal.enrolled_unix).where(Terminal.id == bindparam("terminal"))
    return (at_unix >= func.coalesce(accepted.scalar_subquery(), 0.0)) & (
        at_unix >= func.coalesce(enrolled.scalar_subquery(), 0.0)
    )


REWOUND = select(func.count()).where(
    AuditAlarm.terminal == bindparam("terminal"),
    AuditAlarm.accepted_unix.is_(None),
    is_trusted(AuditAlarm.at_unix),
)
OPEN_OF_TERMINAL = select(func.count()).where(
    VisitAlarm.terminal == bindparam("terminal"),
    VisitAlarm.accepted_unix.is_(None),
    *(VisitAlarm.kind != kind for kind in _ABOUT_THE_REQUEST),
)
OPEN_OF_VISIT = select(func.count()).where(
    VisitAlarm.visit == bindparam("visit"), VisitAlarm.accepted_unix.is_(None)
)
"""How many alarms are open, as parts of a prepared statement: what `is_rewound`, `is_held` ask."""


def is_held(session: Session, terminal: str) -> bool:
    """Return whether an alarm of this terminal is open that is about the terminal as a whole."""
    query = select(VisitAlarm.visit).where(
        VisitAlarm.terminal == terminal,
        VisitAlarm.accepted_unix.is_(None),
        VisitAlarm.kind.not_in(_ABOUT_THE_REQUEST),
    )
    return is_rewound(session, terminal) or session.scalars(query.limit(1)).first() is not None


def standing(session: Session, terminal: str) -> tuple[bool, bool]:
    """Return `is_rewound` and `is_held` of a terminal, asked in one statement."""
    accepted = (
        select(func.coalesce(func.max(AuditAlarm.at_unix), 0.0))
        .where(AuditAlarm.terminal == terminal, AuditAlarm.accepted_unix.is_not(None))
        .scalar_subquery()
    )
    enrolled = (
        select(func.coalesce(Terminal.enrolled_unix, 0.0)).where(Terminal.id == terminal).scalar_subquery()
    )
    rewound = exists().where(
        AuditAlarm.terminal == terminal,
        AuditAlarm.accepted_unix.is_(None),
        AuditAlarm.at_unix >= accepted,
        AuditAlarm.at_unix >= enrolled,
    )
    odd = exists().where(
        VisitAlarm.terminal == terminal,
        VisitAlarm.accepted_unix.is_(None),
        VisitAlarm.kind.not_in(_ABOUT_THE_REQUEST),
    )
    row = session.execute(select(rewound.label("rewound"), odd.label("odd"))).one()
    return bool(row.rewound), bool(row.rewound or row.odd)


def is_visit_held(session: Session, visit: str) -> bool:
    """Return whether an alarm about this visit is open."""
    query = select(VisitAlarm.kind).where(VisitAlarm.visit == visit, VisitAlarm.accepted_unix.is_(None))
    return session.scalars(query.limit(1)).first() is not None


def is_rewound(session: Session, terminal: str) -> bool:
    """Return whether its audit log went back and nobody has accepted that yet."""
    query = select(AuditAlarm.at_unix).where(
        AuditAlarm.terminal == terminal,
        AuditAlarm.accepted_unix.is_(None),
        AuditAlarm.at_unix >= trusted_since(session, terminal),
    )
    return session.scalars(query).first() is not None


def raise_rewound(session: Session, terminal: str, seq: int, last: int, now: float) -> None:
    """Raise an alarm, unless one is open: the log stands at record `seq`, before the known `last`."""
    if is_rewound(session, terminal):
        return
    log.error("ALARM: the audit log of %s went back from record %d to %d", terminal, last, seq)
    session.add(AuditAlarm(terminal=terminal, at_unix=now, seq=seq, last_seq=last))


def raise_implausible(
    session: Session, terminal: str, visit: str, kind: AlarmKind, detail: str, now: float
) -> None:
    """Raise an alarm about a visit, unless there is one of this kind: also one that was accepted."""
    if session.get(VisitAlarm, (visit, kind.value)) is None:
        log.error("ALARM: %s, visit %s: %s %s", terminal, visit, kind.value, detail)
        session.add(VisitAlarm(visit=visit, kind=kind.value, terminal=terminal, detail=detail, at_unix=now))


def note_lost(session: Session, terminal: str, visits: Iterable[str], now: float) -> None:
    """Note requests that the terminal promised and does not have any more. Those that came are not lost."""
    for visit in visits:
        known = session.get(LostRequest, (terminal, visit)) or session.get(Activation, visit)
        if known is None:
            log.error("ALARM: %s has lost request %s", terminal, visit)
            session.add(LostRequest(terminal=terminal, visit=visit, told_unix=now))


def raise_misused(code: EnrolmentCode, now: float) -> None:
    """Raise an alarm, unless one is open: a used enrolment code was tried again."""
    if code.misused_unix is None or code.noted_unix is not None:
        log.error("ALARM: a used enrolment code of %s was tried again", code.terminal)
        code.misused_unix, code.noted_unix, code.noted_by = now, None, None


def raise_reader(session: Session, terminal: str, visit: str, now: float) -> None:
    """Raise an alarm, unless one is open: the card of `visit` was read by another reader than the pinned."""
    query = select(ReaderAlarm.visit).where(
        ReaderAlarm.terminal == terminal, ReaderAlarm.accepted_unix.is_(None)
    )
    if session.scalars(query).first() is None:
        log.error("ALARM: %s read the card of %s with another reader", terminal, visit)
        session.add(ReaderAlarm(terminal=terminal, visit=visit, at_unix=now))


def is_lost(session: Session, visit: str) -> bool:
    """Return whether a terminal says that it lost this request, and it never came."""
    query = select(LostRequest.visit).where(LostRequest.visit == visit)
    return session.get(Activation, visit) is None and session.scalars(query).first() is not None


def note_held_review(session: Session, terminal: str, visit: str, clerk: str, now: float) -> None:
    """Note a request that waits for a person, for the decision of `clerk` in it came late."""
    if session.get(HeldReview, visit) is None:
        log.error("ALARM: %s delivered a late decision of clerk %s: %s", terminal, clerk, visit)
        session.add(HeldReview(visit=visit, terminal=terminal, clerk=clerk, at_unix=now))


def review_released(session: Session, visit: str) -> bool | None:
    """Return whether a held request was accepted or refused; None: nobody has decided, or it is not held."""
    held = session.get(HeldReview, visit)
    return held.accepted if held is not None else None


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
    misused = select(EnrolmentCode).where(
        EnrolmentCode.misused_unix.is_not(None), EnrolmentCode.noted_unix.is_(None)
    )
    found += [
        Alarm(
            terminal=row.terminal,
            at_unix=row.misused_unix or 0.0,
            what=Code.ENROLMENT_USED.value,
            detail="a used code was tried again",
        )
        for row in session.scalars(misused)
    ]
    found += [
        Alarm(
            terminal=row.terminal,
            at_unix=row.at_unix,
            what=Code.REVIEW_HELD.value,
            detail=f"{row.visit}, clerk {row.clerk}",
        )
        for row in session.scalars(select(HeldReview).where(HeldReview.accepted.is_(None)))
    ]
    found += [
        Alarm(terminal=row.terminal, at_unix=row.at_unix, what=row.kind, detail=f"{row.visit} {row.detail}")
        for row in session.scalars(select(VisitAlarm).where(VisitAlarm.accepted_unix.is_(None)))
    ]
    found += [
        Alarm(terminal=row.terminal, at_unix=row.at_unix, what="reader.changed", detail=row.visit)
        for row in session.scalars(select(ReaderAlarm).where(ReaderAlarm.accepted_unix.is_(None)))
    ]
    return sorted(found, key=lambda alarm: (alarm.at_unix, alarm.detail))


def accept(session: Session, terminal: str, by: str, now: float) -> int:
    """Close all open alarms of a terminal in the name of `by`; return how many there were."""
    count = sum(alarm.terminal == terminal for alarm in open_alarms(session))
    for table in (AuditAlarm, ReaderAlarm, VisitAlarm):
        session.execute(
            update(table)
            .where(table.terminal == terminal, table.accepted_unix.is_(None))
            .values(accepted_unix=now, accepted_by=by)
        )
    session.execute(
        update(LostRequest)
        .where(LostRequest.terminal == terminal, LostRequest.noted_unix.is_(None))
        .values(noted_unix=now, noted_by=by)
    )
    session.execute(
        update(EnrolmentCode)
        .where(
            EnrolmentCode.terminal == terminal,
            EnrolmentCode.misused_unix.is_not(None),
            EnrolmentCode.noted_unix.is_(None),
        )
        .values(noted_unix=now, noted_by=by)
    )
    _settle_held_reviews(session, terminal, accepted=True, by=by, now=now)
    return count


def refuse(session: Session, terminal: str, by: str, now: float) -> int:
    """Refuse all held requests of a terminal in the name of `by`; return how many there were."""
    return _settle_held_reviews(session, terminal, accepted=False, by=by, now=now)


def _settle_held_reviews(session: Session, terminal: str, *, accepted: bool, by: str, now: float) -> int:
    query = select(HeldReview).where(HeldReview.terminal == terminal, HeldReview.accepted.is_(None))
    rows = session.scalars(query).all()
    for row in rows:
        row.accepted, row.settled_unix, row.settled_by = accepted, now, by
    return len(rows)
