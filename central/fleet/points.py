"""Acceptance points where people can go: the terminals that are enrolled, nearest first.

A point whose terminal has not been heard of lately or says that it serves nobody, or that is closed at this
hour, is marked as such and stands behind the others: it may be the only one there is.
"""

import math
import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.china_time import china_time
from central.storage.tables import Terminal, TerminalState

HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
"""Opening hours of every day, such as 07:00-23:00; past midnight 18:00-02:00; all day 00:00-24:00."""
EARTH_RADIUS_M = 6_371_000.0
PRECISIONS = ("point", "district")
"""Whether coordinates are the point's own or its district's centre."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """An acceptance point. `open`: None if its hours are not known; `distance_m`: None without a place."""

    terminal: str
    district: str
    place: str
    kind: str
    hours: str
    open: bool | None
    alive: bool
    distance_m: float | None
    precision: str


def districts(session: Session) -> list[str]:
    """Return the districts that have a point, sorted."""
    found = select(Terminal.district).where(Terminal.state == TerminalState.ENROLLED).distinct()
    return sorted(district for district in session.scalars(found) if district)


def nearest(
    session: Session,
    *,
    now: float,
    alive_s: float,
    at: tuple[float, float] | None = None,
    district: str = "",
    limit: int = 3,
) -> list[Point]:
    """Return points that can serve first, then by distance from `at` (latitude, longitude; degrees, WGS 84).

    `district`: only its points, if it has one. `alive_s`: a terminal is alive so long after a heartbeat.
    """
    enrolled = select(Terminal).where(Terminal.state == TerminalState.ENROLLED, Terminal.place != "")
    rows = list(session.scalars(enrolled))
    inside = [row for row in rows if district and row.district == district]
    points = [_point(row, now, alive_s, at) for row in inside or rows]
    return sorted(points, key=_order)[:limit]


def _order(point: Point) -> tuple[bool, bool, float, str]:
    distance = math.inf if point.distance_m is None else point.distance_m
    return not point.alive, point.open is False, distance, point.terminal


def _point(row: Terminal, now: float, alive_s: float, at: tuple[float, float] | None) -> Point:
    located = row.latitude is not None and row.longitude is not None
    there = (row.latitude or 0.0, row.longitude or 0.0) if located else None
    return Point(
        terminal=row.id,
        district=row.district,
        place=row.place,
        kind=row.kind,
        hours=row.hours,
        open=is_open(row.hours, now),
        alive=row.seen_unix is not None and now - row.seen_unix <= alive_s and not row.out_code,
        distance_m=None if at is None or there is None else distance_m(at, there),
        precision=row.precision,
    )


def is_open(hours: str, now: float) -> bool | None:
    """Return whether a point with these hours is open; None if they are not known."""
    found = HOURS.fullmatch(hours)
    if found is None:
        return None
    opens, closes = (60 * int(found[i]) + int(found[i + 1]) for i in (1, 3))
    local = china_time(now)
    minute = 60 * local.hour + local.minute
    return opens <= minute < closes if opens < closes else minute >= opens or minute < closes


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance of two places (latitude, longitude; degrees), haversine formula."""
    (lat1, lon1), (lat2, lon2) = (map(math.radians, place) for place in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))
