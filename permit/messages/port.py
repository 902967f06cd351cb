"""Port to what carries messages to a holder: official-account message, text message, web push."""

import logging
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeAlias

from msgspec import Struct

log = logging.getLogger(__name__)

LANGUAGE = "zh-Hans"


class Delivery(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    LATER = "later"  # not now; try again
    NEVER = "never"  # refused for good: unsubscribed, no such address


class ReminderMessage(Struct, frozen=True, tag="reminder"):
    """A message that something expires. `item`: "permit", or an endorsement's region."""

    phone: str
    item: str
    expires: date
    days_left: int
    language: str = LANGUAGE

    def __repr__(self) -> str:
        return "ReminderMessage(…)"


class CodeMessage(Struct, frozen=True, tag="code"):
    """A one-time code, valid for `minutes`."""

    phone: str
    code: str
    minutes: int
    language: str = LANGUAGE

    def __repr__(self) -> str:
        return "CodeMessage(…)"


class News(StrEnum):
    """What happened."""

    PERMIT_FOUND = "permit_found"  # the registry knows the permit now: the person can go on
    PERMIT_REFUSED = "permit_refused"  # it cannot be bound; the page tells why
    CARD_CLAIMED = "card_claimed"
    CARD_ENDED = "card_ended"
    RENEWAL_ISSUED = "renewal_issued"
    RENEWAL_REFUSED = "renewal_refused"


class NewsMessage(Struct, frozen=True, tag="news"):
    """A message about what happened."""

    phone: str
    news: News
    language: str = LANGUAGE

    def __repr__(self) -> str:
        return "NewsMessage(…)"


Message: TypeAlias = ReminderMessage | CodeMessage | NewsMessage


class MessagePort(Protocol):
    """A carrier of messages. `send` may be called from several threads at once."""

    def send(self, key: str, message: Message) -> Delivery:
        """Hand a message over; the same `key` again is accepted and not carried twice. Keep nothing of it.

        A carrier without such keys must remember them itself: after a crash a message is handed over again.
        """


def send(port: MessagePort, key: str, message: Message) -> Delivery:
    """Hand a message over; LATER if the carrier fails.

    The text of its exception may hold the number, so only the type is logged.
    """
    try:
        return port.send(key, message)
    except Exception as error:
        log.error("a message was not sent: %s", type(error).__name__)
        return Delivery.LATER
