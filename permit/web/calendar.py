"""The last days of a permit and its endorsements as a calendar that any phone takes (RFC 5545)."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Alarm, Calendar, Event

from permit.cards.cards import CardView
from permit.domain.endorsements import Dead

ALARM_DAYS = 30


def calendar(view: CardView, phrases: dict[str, Any], now: float) -> bytes:
    """Return the calendar. It holds no number; the same expiry has the same id, so that it is kept once."""
    made = Calendar()
    made.add("prodid", "-//permit//e-permit//")
    made.add("version", "2.0")
    texts = phrases["calendar"]
    made.add_component(_event(texts["permit"], view.permit.expires, f"permit|{view.permit.number}", now))
    for endorsement, left in view.remaining:
        if not isinstance(left, Dead):
            region = phrases["regions"][endorsement.region.value]
            text = texts["endorsement"].format(region=region)
            key = f"{view.permit.number}|{endorsement.id}"
            made.add_component(_event(text, endorsement.expires, key, now))
    return bytes(made.to_ical())


def _event(summary: str, day: date, key: str, now: float) -> Event:
    event = Event()
    event.add("uid", f"{hashlib.sha256(f'{key}|{day}'.encode()).hexdigest()[:32]}@permit")
    event.add("dtstamp", datetime.fromtimestamp(now, UTC))
    event.add("dtstart", day)
    event.add("summary", summary)
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", timedelta(days=-ALARM_DAYS))
    event.add_component(alarm)
    return event
