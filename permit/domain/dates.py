"""Counts months as offices do."""

from calendar import monthrange
from datetime import date


def add_months(day: date, months: int) -> date:
    """Return the day of the same number `months` later (earlier if negative), or that month's last day.

    Raises ValueError beyond the years of `date`.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
