"""The page of a person whom a relying party has sent: who asks, for what, and face and digits on the phone.

It has the look of the look-up page. The server renders every step in the person's language, hidden; the
modules in `static` show one at a time. Nothing comes from elsewhere, and no script or style is inline.
`authentication.toml` and `authentication_capture.toml` hold the sentences.
"""

import json
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.api import lookup_page
from central.authentication.levels import Level
from central.settings import FaceCheck

_FOLDER = Path(__file__).parent


def _table(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))


_PHRASES = _table("authentication.toml")
_CAPTURE = _table("authentication_capture.toml")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_KINDS = {".js": "text/javascript", ".css": "text/css"}
STATIC = {"look_up.css": lookup_page.STYLE} | {
    path.name: path.read_text(encoding="utf-8") for path in sorted((_FOLDER / "static").iterdir())
}
"""Files of the page by name."""
VERSION = sha256("\0".join(STATIC.values()).encode()).hexdigest()[:12]
"""Part of their addresses, so that a browser keeps them until the next release."""

OVER = "over"
NO_REQUEST = "no_request"


@dataclass(frozen=True)
class Asking:
    """Who asks, for what. `level`: at which the person was authenticated; None: not yet.

    `person`: the name that the party gave, or "".
    """

    party: str
    purpose: str
    level: Level | None
    person: str = ""


Shown: TypeAlias = Asking | str


def render(shown: Shown, *, language: str, simulation: bool, rules: FaceCheck) -> str:
    """Return the page as HTML. `shown`: `Asking`, OVER or NO_REQUEST."""
    phrases = _PHRASES[language]
    asking = shown if isinstance(shown, Asking) else None
    values = {
        "party": asking.party if asking else "",
        "person": masked(asking.person) if asking else "",
        "digits": rules.digits,
        "tries": rules.tries,
    }
    text = _filled(_CAPTURE[language], values)
    return _TEMPLATES.get_template("authentication.html").render(
        language=language,
        languages=lookup_page.language_list(_PHRASES),
        static=f"/oidc/static/{VERSION}",
        simulation=phrases["simulation"] if simulation else "",
        page=phrases,
        text=text,
        codes=_codes(phrases, text, simulation),
        consent_sha256=consent_digest(language, asking.party) if asking else "",
        asking=asking,
        fault=None if asking else phrases[str(shown)],
        levels=[level.value for level in Level],
    )


def consent_digest(language: str, party: str) -> str:
    """Return the hex SHA-256 of the consent as it is shown: its sentences in lines, UTF-8."""
    sentences = _filled({"": _CAPTURE[language]["consent"]}, {"party": party})[""]
    return sha256("\n".join(sentences).encode()).hexdigest()


def masked(name: str) -> str:
    """Return a name of which only the first character can be read."""
    return name[:1] + "*" * max(0, len(name) - 1)


def static_file(name: str) -> tuple[str, str] | None:
    """Return text and media type of a file of the page; None if there is none of that name."""
    text = STATIC.get(name)
    return None if text is None else (text, _KINDS[Path(name).suffix])


def headers(goes_to: str | None) -> dict[str, str]:
    """Return the headers. `goes_to`: where its form may send the person, beside this site.

    Chromium applies `form-action` to the redirection after the form, too.
    """
    parts = urlsplit(goes_to or "")
    target = f" {parts.scheme}://{parts.netloc}" if goes_to else ""
    return lookup_page.HEADERS | {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"connect-src 'self'; form-action 'self'{target}; base-uri 'none'; frame-ancestors 'none'",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self)",
        # With `no-referrer` browsers would send the page's own forms with `Origin: null`.
        "Referrer-Policy": "same-origin",
    }


def _codes(phrases: dict[str, Any], text: dict[str, Any], simulation: bool) -> str:
    """Return what the modules say by code, as JSON for a data block: title and next step."""
    codes = phrases["verdict"] | text["capture"]
    if simulation:
        codes |= {"no_worker": codes["no_worker"] | {"next": text["no_worker_simulated"]}}
    kept = {name: value for name, value in text.items() if isinstance(value, str)}
    found = json.dumps({"codes": codes, "trouble": text["trouble"], "text": kept}, ensure_ascii=False)
    return found.replace("<", "\\u003c")


def _filled(table: dict[str, Any], values: dict[str, object]) -> dict[str, Any]:
    """Return a table of sentences with the placeholders of `values` replaced."""

    def fill(item: Any) -> Any:
        if isinstance(item, str):
            for name, value in values.items():
                item = item.replace(f"{{{name}}}", str(value))
            return item
        if isinstance(item, list):
            return [fill(one) for one in item]
        return {name: fill(one) for name, one in item.items()} if isinstance(item, dict) else item

    return {name: fill(item) for name, item in table.items()}
