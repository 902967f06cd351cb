"""The lines of a slip. They hold no name, no card number and no phone number: paper gets lost."""

import tomllib
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from kiosk.codes import Code
from kiosk.model import Outcome, Slip
from kiosk.paths import RESOURCES

CHINA = timezone(timedelta(hours=8))
_NEVER_FIRST = "，。、；：！？）,.;:!?)"
"""Punctuation that does not begin a line."""
_KEPT = (Outcome.ACTIVATED, Outcome.PENDING, Outcome.ACCEPTED)
"""Outcomes that leave something at central, to be asked for or revoked."""


def lines(slip: Slip, language: str = "zh-Hans", columns: int = 32) -> list[str]:
    """What is printed, top to bottom; no line is wider than `columns` (a Chinese character takes two)."""
    paragraphs = _paragraphs(slip, _phrases(language))
    return [line for paragraph in paragraphs for line in wrapped(paragraph, columns)]


def wrapped(text: str, columns: int) -> list[str]:
    """Broken between words, and between any two wide characters; "" stays an empty line."""
    out, line = [], ""
    for piece in _pieces(text):
        if line and width(line + piece.rstrip()) > columns:
            keep = len(line) - 1 if piece[0] in _NEVER_FIRST else len(line)
            out.append(line[:keep].rstrip())
            line = line[keep:]
        line += piece
    return [part for whole in [*out, line.rstrip()] for part in _cut(whole, columns)]


def width(text: str) -> int:
    """Columns that the text takes on paper."""
    return sum(2 if _wide(character) else 1 for character in text)


def _paragraphs(slip: Slip, phrases: dict[str, Any]) -> list[str]:
    words, outcome = phrases["slip"], phrases["outcome"][slip.outcome.value]
    at = datetime.fromtimestamp(slip.at_unix, CHINA).strftime("%Y-%m-%d %H:%M")
    out = [phrases["general"]["simulated"]] if slip.simulated else []
    out += [phrases["general"]["product"], outcome["title"], outcome["body"]]
    out += _reason(slip.code, phrases)
    out += ["", f"{words['number']} {slip.id}"]
    out += [f"{words['credential']} {slip.credential}"] if slip.credential else []
    out += [f"{words['time']} {at}", f"{words['place']} {slip.place} {slip.terminal}".rstrip(), ""]
    return [*out, words["check"], words["revoke"]] if slip.outcome in _KEPT else out[:-1]


def _reason(code: Code, phrases: dict[str, Any]) -> list[str]:
    if code is Code.OK:
        return []
    sentence = phrases["code"].get(code.value, {}).get("customer", "")
    return [sentence, f"{phrases['general']['code']} {code.value}"] if sentence else [code.value]


@cache
def _phrases(language: str) -> dict[str, Any]:
    return tomllib.loads((RESOURCES / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))


def _pieces(text: str) -> list[str]:
    """Words with the blank behind them; each wide character alone."""
    pieces = [""]
    for character in text:
        if _wide(character) or pieces[-1].endswith(" ") or (pieces[-1] and _wide(pieces[-1][-1])):
            pieces.append("")
        pieces[-1] += character
    return [piece for piece in pieces if piece]


def _cut(line: str, columns: int) -> list[str]:
    """A word that is wider than the paper is cut where the paper ends."""
    out = [""]
    for character in line:
        if width(out[-1] + character) > columns:
            out.append("")
        out[-1] += character
    return out


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
