"""The look-up page: one headline and one next step, in Chinese and English, without personal data.

`look_up.html` is the template, `look_up.toml` and `ways.toml` hold the sentences.
"""

import base64
import hashlib
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_CHINA = timezone(timedelta(hours=8))  # one time zone, no summer time
_FOLDER = Path(__file__).parent
_PHRASES = tomllib.loads((_FOLDER / "look_up.toml").read_text(encoding="utf-8"))
_WAYS = tomllib.loads((_FOLDER / "ways.toml").read_text(encoding="utf-8"))
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)

STYLE = """
body { margin: 0 auto; max-width: 34rem; padding: 2rem 1.25rem; line-height: 1.6; color: #1b1f24;
  font-family: system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .25rem; } p { font-size: 1.15rem; margin: .25rem 0; }
.number { font-size: 1.1rem; letter-spacing: .06em; color: #4a5560; }
.simulation { background: #8a2c0d; color: #fff; padding: .5rem .75rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the number must not travel on
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, kw_only=True)
class RequestState:
    """State of one request, as the page shows it.

    `status`, `code`: as in the receipt, or "LOST" or "UNKNOWN" with "ok"; `way`: "" if it is not known.
    """

    status: str
    code: str
    recheck_unix: float | None = None
    way: str = ""
    reviewed: bool = False  # by a clerk; which one is in the evidence and not for this page


UNKNOWN = RequestState(status="UNKNOWN", code="ok")
LOST = RequestState(status="LOST", code="ok")


def render(number: str, state: RequestState, simulation: bool) -> str:
    """Return the page for a slip's number as HTML; `simulation` adds a banner."""
    recheck = "—"
    if state.recheck_unix is not None:
        recheck = datetime.fromtimestamp(state.recheck_unix, _CHINA).strftime("%Y-%m-%d %H:%M")
    return _TEMPLATES.get_template("look_up.html").render(
        number=number,
        style=STYLE,
        simulation=simulation,
        way=format_way(state.way, state.reviewed) if state.way else "",
        phrase={key: text.format(time=recheck) for key, text in phrase(state.status, state.code).items()},
    )


def format_way(way: str, reviewed: bool) -> str:
    """Return the way of a visit in both languages, and whether a clerk decided."""
    phrases = [_WAYS[way], *([_WAYS["reviewed"]] if reviewed else [])]
    return "；".join(p["zh"] for p in phrases) + " · " + "; ".join(p["en"] for p in phrases)


def phrase(status: str, code: str) -> dict[str, str]:
    """Return the sentences for a status and code: `zh`, `zh_next`, `en`, `en_next`."""
    of_status: dict[str, dict[str, str]] = _PHRASES[status]
    return of_status.get(code) or of_status.get("*") or next(iter(of_status.values()))
