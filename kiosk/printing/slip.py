"""Compose a customer's slip. It holds no name, no card number and no phone number: paper gets lost."""

import tomllib
from datetime import datetime, timedelta, timezone
from enum import Enum, auto
from functools import cache
from typing import Any

from msgspec import Struct

from kiosk.codes import Code
from kiosk.model import Outcome, Slip, outcome_key
from kiosk.paths import RESOURCES

CHINA = timezone(timedelta(hours=8))
_KEPT = (Outcome.ACTIVATED, Outcome.PENDING, Outcome.ACCEPTED)
"""Outcomes that leave a request or credential at central, to be looked up or revoked."""


class BlockStyle(Enum):
    """How a block looks on paper."""

    BANNER = auto()  # white on black
    TITLE = auto()
    NUMBER = auto()
    BODY = auto()
    SMALL = auto()
    RULE = auto()  # a line across; no text
    QR = auto()  # the text as a QR code


class Block(Struct, frozen=True):
    """One paragraph, rule or QR code."""

    style: BlockStyle
    text: str = ""


def slip_blocks(slip: Slip, language: str = "") -> list[Block]:
    """Return the slip from top to bottom, in `language` or that of the visit."""
    phrases = load_phrases(language or slip.language)
    return [
        *_header(slip, phrases),
        Block(BlockStyle.RULE),
        Block(BlockStyle.SMALL, phrases["slip"]["number"]),
        Block(BlockStyle.NUMBER, slip.id),
        *([Block(BlockStyle.QR, slip.look_up)] if slip.look_up and slip.outcome in _KEPT else []),
        *_facts(slip, phrases["slip"]),
    ]


def _header(slip: Slip, phrases: dict[str, Any]) -> list[Block]:
    """Return product, outcome and, unless all is well, the reason."""
    outcome = phrases["outcome"][outcome_key(slip.outcome, slip.purpose)]
    blocks = [Block(BlockStyle.BANNER, phrases["general"]["simulated"])] if slip.simulated else []
    blocks += [
        Block(BlockStyle.BODY, phrases["general"]["product"]),
        Block(BlockStyle.TITLE, outcome["title"]),
        Block(BlockStyle.BODY, outcome["body"]),
    ]
    if slip.code is not Code.OK:
        code = slip.code.value
        sentence = phrases["code"].get(code, {}).get("customer", "")
        reason = [sentence, f"{phrases['general']['code']} {code}"] if sentence else [code]
        blocks += [Block(BlockStyle.BODY, text) for text in reason]
    return blocks


def _facts(slip: Slip, words: dict[str, str]) -> list[Block]:
    """Return credential, time and place; then how to check and how to end it, and what was kept how long."""
    at = datetime.fromtimestamp(slip.at_unix, CHINA).strftime("%Y-%m-%d %H:%M")
    texts = [f"{words['credential']} {slip.credential}"] if slip.credential else []
    texts += [f"{words['time']} {at}", f"{words['place']} {slip.place} {slip.terminal}".rstrip()]
    facts = [Block(BlockStyle.BODY, text) for text in texts]
    kept = slip.outcome in _KEPT
    texts = [words["check_phone" if slip.look_up else "check"], words["revoke"]] if kept else []
    waits = slip.outcome is Outcome.ACCEPTED  # the request is still on this terminal's disk, sealed
    texts += [words["sealed" if waits else "erased"], f"{words['days']} {slip.keep_days}"]
    texts += [words["kept"]] if kept else []
    return [*facts, Block(BlockStyle.RULE), *(Block(BlockStyle.SMALL, text) for text in texts)]


@cache
def load_phrases(language: str) -> dict[str, Any]:
    """Return all sentences of a language, as in its file under `resources/phrases`."""
    return tomllib.loads((RESOURCES / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))
