"""A slip in lines of characters, for printers that are given text and for text files."""

import unicodedata
from collections.abc import Callable

from kiosk.printing.document import Printed, parts
from kiosk.printing.slip import SlipLayout

NEVER_FIRST = "，。、；：！？）,.;:!?)"
"""Punctuation that does not begin a line."""


def lines(printed: Printed, language: str = "", columns: int = 32) -> list[str]:
    """What is printed, top to bottom; no line is wider than `columns` (a Chinese character takes two)."""
    out = list[str]()
    for part in parts(printed, language):
        if part.look is SlipLayout.RULE:
            out.append("")
        elif part.look is not SlipLayout.QR:
            out += wrapped(part.text, columns)
    return out


def width(text: str) -> int:
    """Columns that the text takes on paper."""
    return sum(2 if wide(character) else 1 for character in text)


def wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def wrapped(text: str, room: float, measure: Callable[[str], float] = width) -> list[str]:
    """Broken between words, and between any two wide characters; "" stays an empty line.

    `measure` tells how much of `room` a text takes.
    """
    out, line = [], ""
    for piece in _pieces(text):
        if line and measure(line + piece.rstrip()) > room:
            keep = len(line) - 1 if piece[0] in NEVER_FIRST else len(line)
            out.append(line[:keep].rstrip())
            line = line[keep:]
        line += piece
    return [part for whole in [*out, line.rstrip()] for part in _cut(whole, room, measure)]


def _pieces(text: str) -> list[str]:
    """Words with the blank behind them; each wide character alone."""
    pieces = [""]
    for character in text:
        if wide(character) or pieces[-1].endswith(" ") or (pieces[-1] and wide(pieces[-1][-1])):
            pieces.append("")
        pieces[-1] += character
    return [piece for piece in pieces if piece]


def _cut(line: str, room: float, measure: Callable[[str], float]) -> list[str]:
    """A word that is wider than the paper is cut where the paper ends."""
    out = [""]
    for character in line:
        if out[-1] and measure(out[-1] + character) > room:
            out.append("")
        out[-1] += character
    return out
