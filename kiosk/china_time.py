"""The time in China: the only local time of the terminal, whatever zone its machine is set to."""

import time
from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""One zone for the whole country, without daylight saving since 1991: no table of zones is needed for it."""


def china_time(at_unix: float) -> datetime:
    """Return the local time at a time (seconds since 1970)."""
    return datetime.fromtimestamp(at_unix, CHINA)


def china_date(at_unix: float) -> date:
    """Return the local date at a time (seconds since 1970)."""
    return china_time(at_unix).date()


def china_today() -> date:
    """Return today's local date."""
    return china_date(time.time())


def format_minute(at_unix: float | None) -> str:
    """Return local date, hour and minute; "–" for None."""
    return "–" if at_unix is None else f"{china_time(at_unix):%Y-%m-%d %H:%M}"


def format_second(at_unix: float) -> str:
    """Return local date, hour, minute and second."""
    return f"{china_time(at_unix):%Y-%m-%d %H:%M:%S}"


def format_clock(at_unix: float) -> str:
    """Return local hour, minute and second."""
    return f"{china_time(at_unix):%H:%M:%S}"


def struct_time(at_unix: float | None = None) -> time.struct_time:
    """Return the local time as `logging.Formatter.converter` has to."""
    return china_time(time.time() if at_unix is None else at_unix).timetuple()
