"""Judges whether people can have made a terminal's visits: one at a time, not faster than hands and voices.

This finds a terminal's key that is used without the terminal. The rules are pure; `judge` looks up what they
need and raises alarms (`central.fleet.alarms`), which hold the terminal or the request.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import String, bindparam, func, select
from sqlalchemy.orm import Session

from central.activation import visit_times
from central.fleet import alarms
from central.fleet.alarms import AlarmKind
from central.fleet.audit_heads import LAST_BEFORE, AuditHead
from central.protocol.messages import ActivationRequest, Check
from central.settings import Settings
from central.storage.tables import Activation, Status

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
RECORDS = 3
"""Records that every visit leaves in the audit log before its request is sent: begun, consented, stored."""
FEWEST_NUMBERS = 2
"""Fewer measured numbers than this with decimals may be the same by chance, or are none (the clerk's way)."""
_MEASURED = frozenset(
    {
        Check.FACE,
        Check.LIVENESS,
        Check.DIGITS,
        Check.LIPS,
        Check.LIGHT,
        Check.CONTINUITY,
        Check.STREAM,
        Check.HEAD,
    }
)


def fingerprint(request: ActivationRequest) -> str | None:
    """Return a hash of all that was measured; None if that is too little to tell two visits apart."""
    last = {verdict.check: verdict.measured for verdict in request.verdicts if verdict.check in _MEASURED}
    # Numbers only: texts name what the challenge asked for, which is another thing each time.
    numbers = {
        f"{check.value} {name}": value
        for check, measured in last.items()
        for name, value in measured.items()
        if isinstance(value, float)
    }
    if sum(not number.is_integer() for number in numbers.values()) < FEWEST_NUMBERS:
        return None
    return sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()


def busiest_hour(times: Sequence[float]) -> int:
    """Return the greatest number of `times` within any sixty minutes."""
    rising = sorted(times)
    return max((bisect_right(rising, at + HOUR_S) - i for i, at in enumerate(rising)), default=0)


def judge(
    session: Session,
    request: ActivationRequest,
    row: Activation,
    head: AuditHead | None,
    beside: Any,
    settings: Settings,
) -> bool:
    """Raise an alarm for each rule that the visit of `row` breaks; return whether there was one.

    `head`: None for a request on a stick; `beside`: a row with `BESIDE` and the challenge's `issued_unix`.
    The terminal's row must have been locked before it was read, so that of two requests at once the second
    sees the first.
    """
    found = _faults(session, request, row, head, beside, settings)
    for kind, detail in found:
        alarms.raise_implausible(session, row.terminal, row.id, kind, detail, row.received_unix)
    return bool(found)


_OTHER = Activation.id != bindparam("visit")
_OWN = Activation.terminal == bindparam("terminal")
BESIDE = (
    # Another visit of the terminal that was going on at the same time.
    select(Activation.id)
    .where(
        _OWN,
        _OTHER,
        Activation.began_unix < bindparam("overlap_to"),
        Activation.ended_unix > bindparam("overlap_from"),
    )
    .limit(1)
    .scalar_subquery()
    .label("overlapping"),
    select(func.count())
    .where(_OWN, _OTHER, Activation.began_unix.between(bindparam("hour_from"), bindparam("hour_to")))
    .scalar_subquery()
    .label("beside"),
    # Another visit, of any terminal, that measured the very same; no two visits do.
    select(Activation.id)
    .where(Activation.measures == bindparam("measures", type_=String), _OTHER)
    .limit(1)
    .scalar_subquery()
    .label("measured_before"),
    LAST_BEFORE.scalar_subquery().label("last_seq"),
)
"""Parts of a prepared statement about other visits than `visit`; `parameters` has their parameters."""


def parameters(row: Activation, settings: Settings) -> dict[str, Any]:
    """Return the parameters of `BESIDE` for the visit of `row`, beside its number and its terminal."""
    began, ended = row.began_unix, row.ended_unix
    rules = settings.plausibility
    # A head may seem to be signed earlier than it was by as much as central lets clocks differ.
    slack_s = settings.requests.clock_slack_s + settings.requests.token_max_s
    return {
        "overlap_from": began + rules.overlap_slack_s,
        "overlap_to": ended - rules.overlap_slack_s,
        "hour_from": began - HOUR_S,
        "hour_to": began + HOUR_S,
        "measures": row.measures,
        "before_unix": began - slack_s,
    }


def _faults(
    session: Session,
    request: ActivationRequest,
    row: Activation,
    head: AuditHead | None,
    known: Any,
    settings: Settings,
) -> list[tuple[AlarmKind, str]]:
    rules = settings.plausibility
    began, ended = row.began_unix, row.ended_unix
    found: list[tuple[AlarmKind, str]] = []
    if why := visit_times.impossible(ended, known.issued_unix, row.received_unix, settings):
        found.append((AlarmKind.CLOCK, why))
    typing_s = 0.0 if request.purpose.has_password else rules.typing_s
    if ended - began < rules.shortest_s.get(request.way.value, 0.0) - typing_s:
        found.append((AlarmKind.SHORT, f"{ended - began:.1f} s"))
    if known.overlapping:
        found.append((AlarmKind.OVERLAP, f"with {known.overlapping}"))
    if known.beside >= rules.visits_an_hour:  # within two hours; only then it is worth to look closer
        count = _busiest_hour_of(session, row)
        if count > rules.visits_an_hour:
            found.append((AlarmKind.RATE, f"{count} in an hour"))
    if known.measured_before:
        found.append((AlarmKind.REPEATED, f"of {known.measured_before}"))
    if head is not None and _stands_still(row, head, known.last_seq):
        found.append((AlarmKind.LOG_STILL, f"at record {head.seq}"))
    return found


def _busiest_hour_of(session: Session, row: Activation) -> int:
    """Return how many visits the terminal had within the busiest hour about this one, with this one."""
    began = row.began_unix
    others = select(Activation.began_unix).where(
        Activation.terminal == row.terminal,
        Activation.id != row.id,
        Activation.began_unix.between(began - HOUR_S, began + HOUR_S),
    )
    return busiest_hour([began, *session.scalars(others)])


def _stands_still(row: Activation, head: AuditHead, last_seq: int | None) -> bool:
    """Return whether the log has not grown since before the visit, which leaves records in it.

    Of a visit that began in the future nobody can say what was before it.
    """
    return last_seq is not None and row.began_unix <= row.received_unix and head.seq < last_seq + RECORDS


def judge_phone(session: Session, row: Activation, others: int, settings: Settings, now: float) -> bool:
    """Raise an alarm and return True if too many people gave this visit's number. It holds the request only.

    `others`: how many other people gave it lately, see `PEOPLE_A_PHONE`.
    """
    if others + 1 <= settings.plausibility.people_a_phone:
        return False
    alarms.raise_implausible(session, row.terminal, row.id, AlarmKind.PHONE, f"{others + 1} people", now)
    return True


PEOPLE_A_PHONE = select(func.count(Activation.applicant.distinct())).where(
    Activation.phone == bindparam("phone", type_=String),
    Activation.applicant != bindparam("applicant", type_=String),
    Activation.status != Status.REFUSED.value,
    Activation.received_unix > bindparam("phone_since_unix"),
)
"""How many others than `applicant` gave the number `phone`; a part of a prepared statement."""
