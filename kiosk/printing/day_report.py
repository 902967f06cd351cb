"""What the report of a day says, part by part: for staff, so in their words; nobody is named."""

from datetime import datetime
from itertools import groupby
from typing import Any

from kiosk.codes import Code
from kiosk.model import DayReport, Outcome
from kiosk.printing.slip import CHINA, Part, SlipLayout, catalogue


def parts(report: DayReport, language: str = "") -> list[Part]:
    """From top to bottom, in `language` or the report's own."""
    phrases = catalogue(language or report.language)
    return [
        *_head(report, phrases),
        Part(SlipLayout.RULE),
        *_visits(report, phrases),
        *_acts(report, phrases),
    ]


def _head(report: DayReport, phrases: dict[str, Any]) -> list[Part]:
    words = phrases["staff"]
    at = datetime.fromtimestamp(report.at_unix, CHINA)
    where = f"{report.place} {report.terminal}".strip()
    title = [Part(SlipLayout.TITLE, words["report"]), Part(SlipLayout.NUMBER, report.day.isoformat())]
    return [
        *title,
        Part(SlipLayout.BODY, where),
        Part(SlipLayout.SMALL, f"{words['made']} {at:%Y-%m-%d %H:%M}"),
    ]


def _visits(report: DayReport, phrases: dict[str, Any]) -> list[Part]:
    """How many came, how it ended and why, what waits."""
    words = phrases["staff"]
    total = sum(count for _, _, count in report.outcomes)
    told = [Part(SlipLayout.TITLE, f"{words['visits']} {total}")]
    for outcome, rows in groupby(report.outcomes, key=lambda row: row[0]):
        told += _outcome(outcome, [(code, count) for _, code, count in rows], phrases)
    counts = (
        (words["other_ways"], report.other_ways),
        (words["state"]["waiting"], report.waiting),
        (words["state"]["wedged"], report.wedged),
    )
    return [
        *told,
        Part(SlipLayout.RULE),
        *(Part(SlipLayout.BODY, f"{name} {count}") for name, count in counts),
    ]


def _outcome(outcome: Outcome, rows: list[tuple[Code, int]], phrases: dict[str, Any]) -> list[Part]:
    name = phrases["staff"]["outcome"][outcome.value]
    head = Part(SlipLayout.BODY, f"{name} {sum(count for _, count in rows)}")
    why = [Part(SlipLayout.SMALL, f"{count}  {code.value}") for code, count in rows if code is not Code.OK]
    return [head, *why]


def _acts(report: DayReport, phrases: dict[str, Any]) -> list[Part]:
    """What staff did, in order."""
    words = phrases["staff"]
    told = [Part(SlipLayout.RULE), Part(SlipLayout.BODY, words["acts"])]
    for at_unix, clerk, act, code in report.acts:
        at = datetime.fromtimestamp(at_unix, CHINA)
        end = "" if code is Code.OK else f" {code.value}"
        told.append(Part(SlipLayout.SMALL, f"{at:%H:%M} {clerk} {words['act'][act]}{end}"))
    return told if report.acts else []
