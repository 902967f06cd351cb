"""Compose the report of a day for staff, in the staff panel's words; no customer is named."""

from itertools import groupby
from typing import Any

from kiosk.china_time import china_time, format_minute
from kiosk.codes import Code
from kiosk.model import DayReport
from kiosk.printing.slip import Block, BlockStyle, load_phrases


def report_blocks(report: DayReport, language: str = "") -> list[Block]:
    """Return the report from top to bottom, in `language` or its own."""
    phrases = load_phrases(language or report.language)
    words = phrases["staff"]
    return [
        Block(BlockStyle.TITLE, words["report"]),
        Block(BlockStyle.NUMBER, report.day.isoformat()),
        Block(BlockStyle.BODY, f"{report.place} {report.terminal}".strip()),
        Block(BlockStyle.SMALL, f"{words['made']} {format_minute(report.at_unix)}"),
        Block(BlockStyle.RULE),
        *_visits(report, words),
        Block(BlockStyle.RULE),
        Block(BlockStyle.BODY, f"{words['other_ways']} {report.other_ways}"),
        *_other_matters(report, phrases["button"]),
        Block(BlockStyle.BODY, f"{words['state']['waiting']} {report.waiting}"),
        Block(BlockStyle.BODY, f"{words['state']['wedged']} {report.wedged}"),
        *_actions(report, words),
    ]


def _visits(report: DayReport, words: dict[str, Any]) -> list[Block]:
    """Return the number of visits, then for each outcome its number and the codes behind it."""
    total = sum(count for _, _, count in report.outcomes)
    blocks = [Block(BlockStyle.TITLE, f"{words['visits']} {total}")]
    for outcome, group in groupby(report.outcomes, key=lambda row: row[0]):
        rows = [(code, count) for _, code, count in group]
        name = words["outcome"][outcome.value]
        blocks.append(Block(BlockStyle.BODY, f"{name} {sum(count for _, count in rows)}"))
        blocks += [
            Block(BlockStyle.SMALL, f"{count}  {code.value}") for code, count in rows if code is not Code.OK
        ]
    return blocks


def _other_matters(report: DayReport, names: dict[str, str]) -> list[Block]:
    """Return the number of visits for another purpose than opening a credential, then one line each."""
    total = sum(count for _, count in report.other_matters)
    return [
        Block(BlockStyle.BODY, f"{names['other_matter']} {total}"),
        *(
            Block(BlockStyle.SMALL, f"{count}  {names[purpose.value]}")
            for purpose, count in report.other_matters
        ),
    ]


def _actions(report: DayReport, words: dict[str, Any]) -> list[Block]:
    """Return what staff did, in order; nothing if they did nothing."""
    blocks = [Block(BlockStyle.RULE), Block(BlockStyle.BODY, words["acts"])]
    for at_unix, clerk, action, code in report.acts:
        failure = "" if code is Code.OK else f" {code.value}"
        blocks.append(
            Block(BlockStyle.SMALL, f"{china_time(at_unix):%H:%M} {clerk} {words['act'][action]}{failure}")
        )
    return blocks if report.acts else []
