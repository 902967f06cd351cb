"""Compose a customer's slip. It holds no name, no card number and no phone number: paper gets lost."""

import tomllib
from enum import Enum, auto
from functools import cache
from typing import Any

from msgspec import Struct

from kiosk.china_time import china_date, format_minute
from kiosk.codes import Code
from kiosk.model import Outcome, Purpose, Slip, outcome_key
from kiosk.paths import RESOURCES


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
        *([Block(BlockStyle.QR, slip.qr_content)] if slip.qr_content else []),
        *_facts(slip, phrases["slip"]),
    ]


def _header(slip: Slip, phrases: dict[str, Any]) -> list[Block]:
    """Return product, outcome and, unless all is well, the reason."""
    outcome = phrases["outcome"][outcome_key(slip.outcome, slip.purpose)]
    blocks = [Block(BlockStyle.BANNER, phrases["general"]["simulated"])] if slip.simulated else []
    blocks += [Block(BlockStyle.BANNER, phrases["training"]["slip"])] if slip.training else []
    blocks += [
        Block(BlockStyle.BODY, phrases["general"]["product"]),
        Block(BlockStyle.TITLE, outcome["title"]),
        Block(BlockStyle.BODY, outcome["body"]),
    ]
    if slip.code is not Code.OK:
        code = slip.code.value
        sentences = phrases["code"].get(code, {})
        sentence = sentences.get("end") or sentences.get("customer", "")
        reason = [sentence, f"{phrases['general']['code']} {code}"] if sentence else [code]
        blocks += [Block(BlockStyle.BODY, text) for text in reason]
    return blocks


def _facts(slip: Slip, words: dict[str, str]) -> list[Block]:
    """Return credential, time and place; then how to check and how to end it, and what was kept how long."""
    at = format_minute(slip.at_unix)
    texts = [f"{words['credential']} {slip.credential}"] if slip.credential else []
    texts += [f"{words['time']} {at}", f"{words['place']} {slip.place} {slip.terminal}".rstrip()]
    texts += [f"{words['operator']} {slip.operator}"] if slip.operator else []
    facts = [Block(BlockStyle.BODY, text) for text in texts]
    texts = [words["check_phone" if slip.qr_content else "check"]] if slip.kept else []
    texts += [words["revoke"]] if slip.kept and slip.purpose.has_phone else []
    texts += [words["sealed" if slip.stored else "erased"]]
    texts += [words["sealed_picture"]] if slip.stored and slip.picture else []
    texts += [words["days"].format(days=slip.keep_days)]
    texts += _at_central(slip, words) if slip.kept else []
    return [*facts, Block(BlockStyle.RULE), *(Block(BlockStyle.SMALL, text) for text in texts)]


def _at_central(slip: Slip, words: dict[str, str]) -> list[str]:
    """Return what central keeps of the person; after an erasure also what it erased, and until when."""
    if slip.purpose is Purpose.END and slip.outcome is Outcome.ACTIVATED:
        return [words["ended_kept"]]
    if slip.purpose is not Purpose.ERASE:
        return [words["kept"]]
    note = slip.erasure
    if note is None:
        return [words["erase_waits"]]
    return [
        words["erased_what"],
        f"{words['erased_counts']} {note.credentials}, {note.requests}",
        f"{words['erased_receipt']} {note.receipt}",
        words["erased_stays"],
        f"{words['erased_evidence']} {china_date(note.evidence_until_unix)}",
        f"{words['erased_guard']} {china_date(note.guard_until_unix)}",
    ]


@cache
def load_phrases(language: str) -> dict[str, Any]:
    """Return all sentences of a language, as in its file under `resources/phrases`."""
    return tomllib.loads((RESOURCES / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))
