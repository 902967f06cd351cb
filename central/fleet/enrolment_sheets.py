"""The enrolment codes of many terminals, as a table and as a page to print: one card for each terminal.

A card's QR code holds the one-time code alone, for a scanner that types it where `kiosk enrol` asks for it.
"""

import csv
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.china_time import format_minute

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is calculated by spreadsheet programs (OWASP, CSV Injection)."""


class Card(NamedTuple):
    """What a terminal needs to enrol. `until_unix`: seconds since 1970."""

    terminal: str
    place: str
    code: str
    until_unix: float

    @property
    def until(self) -> str:
        """Return the end of the code's validity in China's time."""
        return format_minute(self.until_unix)

    @property
    def qr(self) -> str:
        """Return the code as a QR code, an `svg` element."""
        return segno.make(self.code, error="m", micro=False).svg_inline(scale=3, border=4)


def as_csv(cards: list[Card]) -> str:
    """Return the cards as CSV: terminal, place, code, valid_until."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(("terminal", "place", "code", "valid_until"))
    rows.writerows((_plain(c.terminal), _plain(c.place), c.code, c.until) for c in cards)
    return text.getvalue()


def as_page(cards: list[Card]) -> str:
    """Return the cards as an HTML page for A4 paper."""
    return _TEMPLATES.get_template("enrolment_sheets.html").render(cards=cards)


def _plain(cell: str) -> str:
    """Return a cell that no spreadsheet program calculates."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
