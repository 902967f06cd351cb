"""Port to what carries messages to a holder: official-account message, text message, web push."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


class Delivery(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    LATER = "later"  # not now; try again
    NEVER = "never"  # refused for good: unsubscribed, no such address


@dataclass(frozen=True)
class ReminderMessage:
    """A message that something expires. `item`: "permit", or an endorsement's region."""

    phone: str
    item: str
    expires: date
    days_left: int

    def __repr__(self) -> str:
        return "ReminderMessage(…)"


class MessagePort(Protocol):
    """A carrier of messages. `send` may be called from several threads at once."""

    def send(self, key: str, message: ReminderMessage) -> Delivery:
        """Hand a message over; the same `key` again is accepted and not carried twice. Keep nothing of it.

        A carrier without such keys must remember them itself: after a crash a message is handed over again.
        """
