"""The page of a person whom a relying party has sent: who asks, for what, and the way back.

It has the look of the look-up page. `authentication.toml` holds the sentences.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.api import lookup_page
from central.authentication.levels import Level

_FOLDER = Path(__file__).parent
_PHRASES: dict[str, dict[str, Any]] = tomllib.loads(
    (_FOLDER / "authentication.toml").read_text(encoding="utf-8")
)
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

OVER = "over"
NO_REQUEST = "no_request"


@dataclass(frozen=True)
class Asking:
    """Who asks, for what. `level`: at which the person was authenticated; None: not yet."""

    party: str
    purpose: str
    level: Level | None


Shown: TypeAlias = Asking | str


def render(shown: Shown, *, language: str, simulation: bool) -> str:
    """Return the page as HTML. `shown`: `Asking`, OVER or NO_REQUEST."""
    phrases = _PHRASES[language]
    return _TEMPLATES.get_template("authentication.html").render(
        language=language,
        languages=[{"code": one, "name": _PHRASES[one]["name"]} for one in _PHRASES],
        style=lookup_page.STYLE,
        simulation=phrases["simulation"] if simulation else "",
        page=phrases,
        asking=shown if isinstance(shown, Asking) else None,
        fault=None if isinstance(shown, Asking) else phrases[shown],
        levels=[level.value for level in Level],
    )


def headers(goes_to: str | None) -> dict[str, str]:
    """Return the headers. `goes_to`: where its form may send the person, beside this site.

    Chromium applies `form-action` to the redirection after the form, too.
    """
    parts = urlsplit(goes_to or "")
    target = f" {parts.scheme}://{parts.netloc}" if goes_to else ""
    policy = lookup_page.HEADERS["Content-Security-Policy"]
    policy = policy.replace("form-action 'self'", f"form-action 'self'{target}")
    return lookup_page.HEADERS | {"Content-Security-Policy": policy}
