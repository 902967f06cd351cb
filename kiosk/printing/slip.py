"""What a slip says, part by part. It holds no name, no card number and no phone number: paper gets lost."""

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
"""Outcomes that leave something at central, to be asked for or revoked."""


class SlipLayout(Enum):
    """How a part stands on the paper."""

    BANNER = auto()  # white on black
    TITLE = auto()
    NUMBER = auto()
    BODY = auto()
    SMALL = auto()
    RULE = auto()  # a line across; no text
    QR = auto()  # the text as a QR code


class Part(Struct, frozen=True):
    """One paragraph, rule or code."""

    look: SlipLayout
    text: str = ""


def parts(slip: Slip, language: str = "") -> list[Part]:
    """The slip from top to bottom, in `language` or that of the visit."""
    phrases = catalogue(language or slip.language)
    told = [*_head(slip, phrases), Part(SlipLayout.RULE), *_number(slip, phrases), *_facts(slip, phrases)]
    return [*told, *_rights(slip, phrases)]


def _head(slip: Slip, phrases: dict[str, Any]) -> list[Part]:
    outcome = phrases["outcome"][outcome_key(slip.outcome, slip.purpose)]
    banner = [Part(SlipLayout.BANNER, phrases["general"]["simulated"])] if slip.simulated else []
    title = [Part(SlipLayout.BODY, phrases["general"]["product"]), Part(SlipLayout.TITLE, outcome["title"])]
    return [*banner, *title, Part(SlipLayout.BODY, outcome["body"]), *_reason(slip.code, phrases)]


def _number(slip: Slip, phrases: dict[str, Any]) -> list[Part]:
    name = Part(SlipLayout.SMALL, phrases["slip"]["number"])
    code = [Part(SlipLayout.QR, slip.look_up)] if slip.look_up and slip.outcome in _KEPT else []
    return [name, Part(SlipLayout.NUMBER, slip.id), *code]


def _facts(slip: Slip, phrases: dict[str, Any]) -> list[Part]:
    words = phrases["slip"]
    at = datetime.fromtimestamp(slip.at_unix, CHINA).strftime("%Y-%m-%d %H:%M")
    told = [f"{words['credential']} {slip.credential}"] if slip.credential else []
    told += [f"{words['time']} {at}", f"{words['place']} {slip.place} {slip.terminal}".rstrip()]
    return [Part(SlipLayout.BODY, text) for text in told]


def _rights(slip: Slip, phrases: dict[str, Any]) -> list[Part]:
    """How to check, how to end it, what was kept for how long."""
    words, kept = phrases["slip"], slip.outcome in _KEPT
    told = [words["check_phone" if slip.look_up else "check"], words["revoke"]] if kept else []
    waits = slip.outcome is Outcome.ACCEPTED  # it still lies here, sealed
    told += [words["sealed" if waits else "erased"], f"{words['days']} {slip.keep_days}"]
    told += [words["kept"]] if kept else []
    return [Part(SlipLayout.RULE), *(Part(SlipLayout.SMALL, text) for text in told)]


def _reason(code: Code, phrases: dict[str, Any]) -> list[Part]:
    if code is Code.OK:
        return []
    sentence = phrases["code"].get(code.value, {}).get("customer", "")
    told = [sentence, f"{phrases['general']['code']} {code.value}"] if sentence else [code.value]
    return [Part(SlipLayout.BODY, text) for text in told]


@cache
def catalogue(language: str) -> dict[str, Any]:
    """All sentences of a language."""
    return tomllib.loads((RESOURCES / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))
