"""The look-up page: one headline, a colour and a symbol, one next step; without personal data or JavaScript.

`look_up.html` and `look_up.css` are its form. `look_up.toml` holds the sentences; the headlines that the
terminal's screens have too are theirs (`screen_words.toml`, generated from the terminal's phrases).
"""

import base64
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.china_time import format_minute

_FOLDER = Path(__file__).parent


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))


_PHRASES = _table("look_up.toml")
_PAGE: dict[str, dict[str, str]] = _PHRASES.pop("page")
_WORDS: dict[str, dict[str, str]] = _table("screen_words.toml")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)

LANGUAGES = tuple(_PAGE)
STYLE = (_FOLDER / "look_up.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
    "Referrer-Policy": "no-referrer",  # the number must not travel on
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

_TONES = {"ACTIVATED": "done", "PENDING": "wait", "RUNNING": "wait", "REFUSED": "stop", "LOST": "stop"}
_OTHER_TONES = {"revoked": "other", "replaced": "other", "person.already_open": "have"}
"""Codes after which nothing went wrong and nothing is new."""


@dataclass(frozen=True, kw_only=True)
class RequestState:
    """State of one request, as the page shows it.

    `status`, `code`: as in the receipt, or "LOST", "UNKNOWN", "BUSY" or "FAULT" with "ok"; `way`: "" if it is
    not known.
    """

    status: str
    code: str
    recheck_unix: float | None = None
    way: str = ""
    reviewed: bool = False  # by a clerk; which one is in the evidence and not for this page
    # After an erasure: until when the record of the request stays, and the code for the person.
    evidence_until_unix: float | None = None
    guard_until_unix: float | None = None


UNKNOWN = RequestState(status="UNKNOWN", code="ok")
LOST = RequestState(status="LOST", code="ok")
BUSY = RequestState(status="BUSY", code="ok")
FAULT = RequestState(status="FAULT", code="ok")


def render(
    state: RequestState | None, *, language: str, simulation: bool, number: str = "", typed: str = ""
) -> str:
    """Return the page as HTML.

    `state`: None for the page that only asks for a number; `number`: the one that was looked up; `typed`:
    what is to be corrected; `simulation` adds a banner.
    """
    page, words = _PAGE[language], _WORDS[language]
    shown = _shown_state(state, language) if state is not None else None
    return _TEMPLATES.get_template("look_up.html").render(
        language=language,
        languages=[
            {"code": one, "name": _PAGE[one]["name"], "link": _link(number, one)} for one in LANGUAGES
        ],
        title=shown["headline"] if shown else page["title"],
        style=STYLE,
        simulation=page["simulation"] if simulation else "",
        words=words,
        page=page,
        state=shown,
        groups=number.split("-") if number else [],
        manage=state is not None and state.status == "ACTIVATED" and state.code not in ("replaced", "erase"),
        way=_format_way(state, language) if state is not None else "",
        typed=typed,
    )


def choose_language(wanted: str, accepted: str) -> str:
    """Return the language of the page. `wanted`: as chosen on it, or ""; `accepted`: Accept-Language."""
    if wanted in LANGUAGES:
        return wanted
    ranges = re.findall(r"([A-Za-z-]+)\s*(?:;\s*q\s*=\s*(\d(?:\.\d{0,3})?))?\s*(?:,|$)", accepted[:500])
    ranked = sorted(ranges, key=lambda one: -float(one[1] or 1))
    known = [language for name, _ in ranked if (language := _language_of(name.lower()))]
    return known[0] if known else LANGUAGES[0]


def language_list(phrases: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the languages of a page whose address stays the same, for `language_links.html`."""
    return [{"code": one, "name": phrases[one]["name"], "link": f"?language={one}"} for one in phrases]


def phrase(status: str, code: str) -> dict[str, Any]:
    """Return headline and sentences for a status and code: `screen` or `title`, and a list a language."""
    of_status: dict[str, dict[str, Any]] = _PHRASES[status]
    return of_status.get(code) or of_status.get("*") or next(iter(of_status.values()))


def _language_of(name: str) -> str:
    if name.startswith("zh"):
        return "zh-Hant" if re.search("hant|hk|tw|mo", name) else "zh-Hans"
    return "en" if name.startswith("en") else ""


def _link(number: str, language: str) -> str:
    path = f"/look-up/{quote(number)}" if number else "/look-up"
    return f"{path}?{urlencode({'language': language})}"


def _shown_state(state: RequestState, language: str) -> dict[str, Any]:
    phrases = phrase(state.status, state.code)
    if "screen" in phrases:
        headline = _WORDS[language][f"outcome.{phrases['screen']}"]
    else:
        headline = phrases["title"][language]
    tone = _OTHER_TONES.get(state.code) or _TONES.get(state.status, "other")
    times = {
        "{time}": _format_time(state.recheck_unix),
        "{evidence}": _format_time(state.evidence_until_unix).partition("\N{NO-BREAK SPACE}")[0],
        "{guard}": _format_time(state.guard_until_unix).partition("\N{NO-BREAK SPACE}")[0],
    }
    sentences = [
        reduce(lambda text, one: text.replace(*one), times.items(), text) for text in phrases[language]
    ]
    return {"headline": headline, "tone": tone, "sentences": sentences}


def _format_time(unix: float | None) -> str:
    """Return a time in China; a dash for none, and for one that no calendar has."""
    if unix is None or not 0 <= unix < datetime(9999, 1, 1, tzinfo=UTC).timestamp():
        return "—"
    return format_minute(unix).replace(" ", "\N{NO-BREAK SPACE}")


def _format_way(state: RequestState, language: str) -> str:
    """Return the way of a visit, and whether a clerk decided; "" for one that has no words here."""
    way = _WORDS[language].get(f"way.{state.way}", "")
    if not way or not state.reviewed:
        return way
    return way + (", " if language == "en" else "，") + _PAGE[language]["reviewed"]
