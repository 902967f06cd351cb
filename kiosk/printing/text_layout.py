"""Lay a document out in lines of characters, for printers that are given text and for text files."""

import unicodedata
from collections.abc import Callable

from kiosk.printing.document import PrintDocument, document_blocks
from kiosk.printing.slip import BlockStyle

NEVER_FIRST = "，。、；：！？）,.;:!?)"
"""Punctuation that does not begin a line."""


def format_lines(document: PrintDocument, language: str = "", columns: int = 32) -> list[str]:
    """Return the document's lines, none wider than `columns` (a Chinese character takes two)."""
    lines = list[str]()
    for block in document_blocks(document, language):
        if block.style is BlockStyle.RULE:
            lines.append("")
        elif block.style is not BlockStyle.QR:
            lines += wrap(block.text, columns)
    return lines


def width(text: str) -> int:
    """Return how many columns the text takes on paper."""
    return sum(2 if is_wide(character) else 1 for character in text)


def is_wide(character: str) -> bool:
    """Return True if the character takes two columns (Unicode East Asian Width W or F)."""
    return unicodedata.east_asian_width(character) in "WF"


def wrap(text: str, available: float, measure: Callable[[str], float] = width) -> list[str]:
    """Break the text between words, and between any two wide characters; "" stays an empty line.

    `measure` returns how much of `available` a text takes.
    """
    lines, line = [], ""
    for piece in _pieces(text):
        if line and measure(line + piece.rstrip()) > available:
            keep = len(line) - 1 if piece[0] in NEVER_FIRST else len(line)
            lines.append(line[:keep].rstrip())
            line = line[keep:]
        line += piece
    return [part for whole in [*lines, line.rstrip()] for part in _cut(whole, available, measure)]


def _pieces(text: str) -> list[str]:
    """Split into words with the blank behind them, and single wide characters."""
    pieces = [""]
    for character in text:
        if is_wide(character) or pieces[-1].endswith(" ") or (pieces[-1] and is_wide(pieces[-1][-1])):
            pieces.append("")
        pieces[-1] += character
    return [piece for piece in pieces if piece]


def _cut(line: str, available: float, measure: Callable[[str], float]) -> list[str]:
    """Cut a word that is wider than the paper: after its last hyphen that fits, else where the paper ends.

    A visit's number is read out group by group, so no group is cut.
    """
    parts = [""]
    for character in line:
        if parts[-1] and measure(parts[-1] + character) > available:
            keep = parts[-1].rfind("-") + 1 or len(parts[-1])
            parts[-1:] = [parts[-1][:keep], parts[-1][keep:]]
        parts[-1] += character
    return parts
