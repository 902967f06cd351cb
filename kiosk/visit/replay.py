"""Writes and replays a visit's log: JSON lines without names.

The first line holds the visit's policy, each further line when and what the visit was fed. A failure in the
field becomes a test by copying one file.

What was measured of face, voice and card (likenesses, pitch, angles, age) could tell two people apart, so the
log that is kept for long leaves it out (`without_measures`): it says how a visit went, and cannot be
replayed.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from kiosk import events as e
from kiosk.model import CardFacts, DigitHeard, FaceSeen
from kiosk.visit.policy import VisitPolicy
from kiosk.visit.rules import typed_input
from kiosk.visit.state import Orders
from kiosk.visit.visit import Visit


class LoggedEvent(Struct, frozen=True):
    """What the visit was fed, and when (capture clock, seconds)."""

    at: float
    event: e.Event


_decoder = msgspec.json.Decoder(LoggedEvent)


def redacted(event: e.Event) -> e.Event:
    """Return the event without what is personal or secret: card, what was typed, a clerk's PIN, signature."""
    if isinstance(event, e.CardRead):
        return e.CardRead(event.facts, person=event.person)
    if isinstance(event, e.Signs):
        return e.Signs(event.clerk, "")
    if isinstance(event, e.ReviewSigned):
        return e.ReviewSigned(msgspec.structs.replace(event.signature, signature=""))
    if isinstance(event, e.PhoneCodeTyped):
        return e.PhoneCodeTyped("", redacted=typed_input.is_phone_code(event))
    if isinstance(event, e.Typed):
        password = None if event.password is None else ""
        return e.Typed(phone="", password=password, faults=typed_input.faults(event), redacted=True)
    return event


def without_measures(event: e.Event) -> e.Event | None:
    """Return the event without what was measured of the person; None if nothing else is in it."""
    if isinstance(event, FaceSeen | DigitHeard | e.CardSeen):
        return None
    if isinstance(event, e.CardRead):
        facts = event.facts
        coarse = CardFacts(
            kind=facts.kind,
            number_valid=facts.number_valid,
            birth_agrees=facts.birth_agrees,
            number_formed=facts.number_formed,
        )
        return e.CardRead(coarse, None, event.reader)
    return event


WITHOUT_MEASURES = msgspec.json.encode({"measures": "left out"}) + b"\n"
"""First line of a log without measures: `read` refuses it."""


def encode_policy(policy: VisitPolicy) -> bytes:
    """Return the first line of a log."""
    return msgspec.json.encode(policy) + b"\n"


def encode_event(at: float, event: e.Event) -> bytes:
    """Return one further line, without what is personal or secret."""
    return msgspec.json.encode(LoggedEvent(round(at, 4), redacted(event))) + b"\n"


def read(lines: Iterable[bytes]) -> tuple[VisitPolicy, list[LoggedEvent]]:
    """Return what a log holds. Raises one of `kiosk.errors.UNREADABLE` if it is damaged."""
    rows = iter(lines)
    policy = msgspec.json.decode(next(rows), type=VisitPolicy)
    return policy, [_decoder.decode(row) for row in rows if row.strip()]


def replay(lines: Iterable[bytes]) -> tuple[Visit, list[Orders]]:
    """Feed a log to a new visit, and return the visit and what it ordered at each line."""
    policy, rows = read(lines)
    visit = Visit(policy)
    return visit, [visit.feed(row.event, row.at) for row in rows]
