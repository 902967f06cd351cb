"""The owners' pages as HTML: forms only, no JavaScript. `owner.toml` holds the sentences."""

import base64
import hashlib
import tomllib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from central.api import lookup_page
from central.authentication.levels import Level
from central.china_time import format_minute
from central.credentials.suspension import Act, By
from central.owners.acts import CredentialState

_FOLDER = Path(__file__).parent
_PHRASES: dict[str, dict[str, Any]] = tomllib.loads((_FOLDER / "owner.toml").read_text(encoding="utf-8"))
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = lookup_page.STYLE + (_FOLDER / "owner.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_LEVELS = {Level.FACE: "face", Level.CREDENTIAL: "credential", Level.CREDENTIAL_FACE: "both"}
_TONES = {"open": "done", "suspended": "wait", "suspended_operator": "stop", "ended": "other"}

HEADERS = lookup_page.HEADERS | {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    # The browser sends `Origin` with a form of this site; with "no-referrer" it would be "null".
    "Referrer-Policy": "same-origin",
}


def phrase(language: str, key: str) -> str:
    """Return a sentence."""
    found: str = _PHRASES[language][key]
    return found


def done(language: str, act: Act) -> str:
    """Return what stands on the page after an act."""
    found: str = _PHRASES[language]["act"][act.value]["done"]
    return found


def render_login(language: str, simulation: bool, *, number: str = "", fault: str = "") -> str:
    """Return the page where an owner logs in. `number`: already typed."""
    return _render("log_in", language, simulation, number=number, fault=fault)


def render_credential(
    state: CredentialState, language: str, simulation: bool, *, told: str = "", fault: str = ""
) -> str:
    """Return the page with what is held and what can be done."""
    return _render(
        "credential",
        language,
        simulation,
        state=state,
        standing=(standing := _standing(state)),
        tone=_TONES[standing],
        acts=[act.value for act in _possible(state)],
        told=told,
        fault=fault,
    )


def render_question(act: Act, language: str, simulation: bool) -> str:
    """Return the page that asks once more."""
    return _render("confirm", language, simulation, act=act.value)


def render_phone(language: str, simulation: bool, *, phone: str = "", fault: str = "") -> str:
    """Return the page for another mobile number; `phone`: where a code was sent."""
    return _render("phone", language, simulation, phone=phone, fault=fault)


def render_unavailable(language: str, simulation: bool) -> str:
    """Return the page while the database does not answer."""
    return _render("unavailable", language, simulation)


def render_erased(guard_until_unix: float, language: str, simulation: bool) -> str:
    """Return the page after an erasure."""
    return _render("erased", language, simulation, guard=format_minute(guard_until_unix).partition(" ")[0])


def _standing(state: CredentialState) -> str:
    if state.ended_unix is not None:
        return "ended"
    if state.suspended_unix is None:
        return "open"
    return "suspended_operator" if state.suspended_by == By.OPERATOR else "suspended"


def _possible(state: CredentialState) -> list[Act]:
    """Return what can be done now, in the order of the buttons."""
    if state.ended_unix is not None:
        return [Act.ERASE]
    switch = {"open": [Act.SUSPEND], "suspended": [Act.RESUME]}.get(_standing(state), [])
    forget = [] if state.picture_unix is None else [Act.FORGET]
    return [*switch, Act.PHONE, *forget, Act.END, Act.ERASE]


def _render(view: str, language: str, simulation: bool, **values: Any) -> str:
    page = _PHRASES[language]
    return _TEMPLATES.get_template("owner.html").render(
        {"fault": "", "told": ""}
        | values
        | {
            "view": view,
            "page": page,
            "language": language,
            "languages": lookup_page.language_list(_PHRASES),
            "style": _STYLE,
            "simulation": simulation,
            "when": format_minute,
            "level": lambda level: page["level"][_LEVELS[Level(level)]],
        }
    )
