"""Reminders before a permit or an endorsement expires: each at most once.

A reminder's key is made of what expires, its last day, and how many days before it was planned. Restarts
and clock changes leave the key as it is, so a store with unique keys sends it once. A reminder that a later
one of the same item overtakes is not sent any more: a permit bound in its last week brings one message, not
three, and a clock that is set back brings none again.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DAYS_BEFORE = (90, 30, 7)


@dataclass(frozen=True)
class Expiry:
    """What expires, by the name it is stored under, and its last valid day."""

    item: str
    day: date


@dataclass(frozen=True)
class Reminder:
    """A reminder that is planned `days_before` the last valid day."""

    expiry: Expiry
    days_before: int

    @property
    def key(self) -> str:
        """Return what is unique to it: another last day is another reminder."""
        return f"{self.expiry.item}/{self.expiry.day.isoformat()}/{self.days_before}"

    @property
    def due(self) -> date:
        """Return the first day on which it may be sent."""
        return self.expiry.day - timedelta(days=self.days_before)


def due_reminders(
    expiries: Iterable[Expiry], sent: Collection[str], today: date, days_before: Iterable[int] = DAYS_BEFORE
) -> list[Reminder]:
    """Return the reminders to send today, at most one an item. `sent`: keys of those that were sent.

    None is returned for what has expired.
    """
    steps = sorted(set(days_before))
    found = []
    for expiry in expiries:
        if today > expiry.day:
            continue
        for step in steps:  # the last one first
            reminder = Reminder(expiry, step)
            if reminder.key in sent:
                break
            if reminder.due <= today:
                found.append(reminder)
                break
    return found
