"""A visit's log: JSON lines without biometrics or names that, fed back, replay the visit.

The first line holds the limits, each further line when and what the visit was fed. A failure in the field
becomes a test by copying one file.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from kiosk import events as e
from kiosk.settings import ReviewSettings, VisitSettings
from kiosk.visit.rules import typed_input
from kiosk.visit.state import NOBODY, Orders
from kiosk.visit.visit import Visit


class Line(Struct, frozen=True):
    """What was fed, and when (capture clock, seconds)."""

    at: float
    event: e.Event


class Head(Struct, frozen=True):
    """What decided in this visit: limits, and what a clerk might overrule."""

    limits: VisitSettings
    review: ReviewSettings


_decoder = msgspec.json.Decoder(Line)


def redacted(event: e.Event) -> e.Event:
    """The event without what is personal or secret: card, typed number and password, a clerk's PIN."""
    if isinstance(event, e.CardRead):
        return e.CardRead(event.facts, None)
    if isinstance(event, e.Signs):
        return e.Signs(event.clerk, "")
    if isinstance(event, e.Typed):
        return e.Typed("", "", typed_input.faults(event), redacted=True)
    return event


def head(limits: VisitSettings, review: ReviewSettings = NOBODY) -> bytes:
    """The first line of a log."""
    return msgspec.json.encode(Head(limits, review)) + b"\n"


def line(at: float, event: e.Event) -> bytes:
    """One further line."""
    return msgspec.json.encode(Line(round(at, 4), redacted(event))) + b"\n"


def read(lines: Iterable[bytes]) -> tuple[Head, list[Line]]:
    """Raises one of `kiosk.errors.UNREADABLE` on a damaged log."""
    rows = iter(lines)
    first = msgspec.json.decode(next(rows), type=Head)
    return first, [_decoder.decode(row) for row in rows if row.strip()]


def replay(lines: Iterable[bytes]) -> tuple[Visit, list[Orders]]:
    """Feed a log to a new visit; the visit and what it ordered at each line."""
    first, rows = read(lines)
    visit = Visit(first.limits, first.review)
    return visit, [visit.feed(row.event, row.at) for row in rows]


def stages(orders: Iterable[Orders]) -> Iterator[e.Show]:
    """The stages that were shown, in order."""
    return (order for group in orders for order in group if isinstance(order, e.Show))
