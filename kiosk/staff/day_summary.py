"""One day at this terminal in numbers: for the staff panel, the printed report and the CSV file."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from kiosk.china_time import format_clock
from kiosk.codes import Code
from kiosk.model import DayReport, Language, Outcome, Purpose
from kiosk.staff.daybook import ActionRow, Daybook, VisitRow


class DaySummary(Struct, frozen=True, kw_only=True):
    """What the day's book holds, and how many requests wait or are wedged in the queue now."""

    date: date
    visits: tuple[VisitRow, ...]
    actions: tuple[ActionRow, ...]
    waiting: int
    wedged: int

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """Visits by outcome."""
        return Counter(row.outcome for row in self.visits)

    @property
    def codes(self) -> Mapping[tuple[Outcome, Code], int]:
        """Visits by outcome and code."""
        return Counter((row.outcome, row.code) for row in self.visits)

    @property
    def other_ways(self) -> int:
        """Visits that were not checked by voice."""
        return sum(row.way not in ("", "voice") for row in self.visits)

    @property
    def other_matters(self) -> Counter[Purpose]:
        """Visits by purpose, without those that open a credential."""
        return Counter(row.purpose for row in self.visits if row.purpose is not Purpose.OPEN)


def summarise_day(book: Daybook, wanted: date | None = None, *, waiting: int, wedged: int) -> DaySummary:
    """Return the summary of a day (default: today) from the day's book."""
    rows = book.read(wanted)
    return DaySummary(
        date=wanted or book.today(),
        visits=tuple(row for row in rows if isinstance(row, VisitRow)),
        actions=tuple(row for row in rows if isinstance(row, ActionRow)),
        waiting=waiting,
        wedged=wedged,
    )


def to_day_report(
    day: DaySummary, *, terminal: str, place: str, at_unix: float, language: str = Language.ZH_HANS
) -> DayReport:
    """Return the day as it is printed."""
    return DayReport(
        id=f"{terminal or 'kiosk'}-{day.date.isoformat()}",
        day=day.date,
        terminal=terminal,
        place=place,
        at_unix=at_unix,
        outcomes=tuple((outcome, code, count) for (outcome, code), count in sorted(day.codes.items())),
        other_ways=day.other_ways,
        other_matters=tuple(sorted(day.other_matters.items())),
        waiting=day.waiting,
        wedged=day.wedged,
        acts=tuple((row.at_unix, row.clerk, row.act, row.code) for row in day.actions),
        language=language,
    )


def format_csv(day: DaySummary) -> str:
    """Return the day as CSV: what, code, how many; then each action of staff."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["section", "what", "code", "count_or_time"])
    rows.writerow(["day", day.date.isoformat(), "", len(day.visits)])
    for (outcome, code), count in sorted(day.codes.items()):
        rows.writerow(["visits", outcome.value, code.value, count])
    for purpose, count in sorted(day.other_matters.items()):
        rows.writerow(["other_matters", purpose.value, "", count])
    for name, count in (("other_ways", day.other_ways), ("waiting", day.waiting), ("wedged", day.wedged)):
        rows.writerow(["counts", name, "", count])
    for row in day.actions:
        rows.writerow([f"clerk {row.clerk}", row.act, row.code.value, format_clock(row.at_unix)])
    return text.getvalue()
