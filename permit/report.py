"""The operator's view: how much happened and what waits, without a name."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from permit.storage.database import Database
from permit.storage.tables import (
    Binding,
    BindingState,
    Card,
    ReminderState,
    Renewal,
    RenewalState,
    StoredNotice,
    StoredReminder,
    Tally,
)


@dataclass(frozen=True)
class Report:
    """`counts`: (what, code) → how often since `since`. `pending`: what → how many now."""

    since: date
    counts: dict[tuple[str, str], int]
    pending: dict[str, int]


def report(database: Database, since: date) -> Report:
    """Return the report of the days from `since` on."""
    total = func.sum(Tally.count)
    counted = (
        select(Tally.what, Tally.code, total)
        .where(Tally.day >= since.isoformat())
        .group_by(Tally.what, Tally.code)
        .order_by(Tally.what, total.desc())
    )
    waiting = ReminderState.WAITING.value
    pending = {
        "registry re-checks": select(func.count()).where(Binding.state == BindingState.WAITING.value),
        "bindings ready to authenticate": select(func.count()).where(
            Binding.state == BindingState.READY.value
        ),
        "open cards": select(func.count()).select_from(Card).where(Card.ended_unix.is_(None)),
        "renewals": select(func.count()).where(
            Renewal.state.in_([RenewalState.WAITING.value, RenewalState.RECEIVED.value])
        ),
        "reminders to send": select(func.count()).where(StoredReminder.state == waiting),
        "messages to send": select(func.count()).where(StoredNotice.state == waiting),
    }
    with database.read() as session:
        counts = {(what, code): int(number) for what, code, number in session.execute(counted)}
        return Report(since, counts, {name: session.scalar(query) or 0 for name, query in pending.items()})


def format_report(found: Report) -> str:
    """Return the report as text."""
    lines = [f"since {found.since.isoformat()}"]
    lines += [f"  {what:<10} {code:<28} {number:>8}" for (what, code), number in found.counts.items()]
    lines += ["now", *(f"  {name:<39} {number:>8}" for name, number in found.pending.items())]
    return "\n".join(lines)
