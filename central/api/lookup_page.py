"""The look-up page: one headline and one next step, in Chinese and English, without personal data."""

import base64
import hashlib
import tomllib
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path

_CHINA = timezone(timedelta(hours=8))  # one time zone, no summer time
_PHRASES = tomllib.loads((Path(__file__).parent / "look_up.toml").read_text(encoding="utf-8"))
_WAYS = tomllib.loads((Path(__file__).parent / "ways.toml").read_text(encoding="utf-8"))

_STYLE = """
body { margin: 0 auto; max-width: 34rem; padding: 2rem 1.25rem; line-height: 1.6; color: #1b1f24;
  font-family: system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .25rem; } p { font-size: 1.15rem; margin: .25rem 0; }
.number { font-size: 1.1rem; letter-spacing: .06em; color: #4a5560; }
.simulation { background: #8a2c0d; color: #fff; padding: .5rem .75rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the number must not travel on
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

_BANNER = '<p class="simulation">演示系统，不是真实的凭证 · Demonstration only, not a real credential</p>'


def page(
    slip: str, status: str, code: str, recheck_unix: float | None, simulation: bool, how: str = ""
) -> str:
    """HTML. `status`, `code`: as in the receipt, or "UNKNOWN", "ok". `how`: the way, and whether a clerk
    decided, see `way_taken`.
    """
    said = {key: escape(text.format(time=_time(recheck_unix))) for key, text in phrase(status, code).items()}
    return f"""<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(slip)}</title><style>{_STYLE}</style></head><body>
{_BANNER if simulation else ""}
<p class="number">编号 · Number {escape(slip)}</p>
{f'<p class="number">{escape(how)}</p>' if how else ""}
<main><h1>{said["zh"]}</h1><p>{said["zh_next"]}</p>
<div lang="en"><h1>{said["en"]}</h1><p>{said["en_next"]}</p></div></main>
</body></html>
"""


def way_taken(way: str, reviewed: bool) -> str:
    """The way in words; which clerk signed is in the evidence and not for this page."""
    said = [_WAYS[way], *([_WAYS["reviewed"]] if reviewed else [])]
    return "；".join(w["zh"] for w in said) + " · " + "; ".join(w["en"] for w in said)


def phrase(status: str, code: str) -> dict[str, str]:
    """The sentences for a status and code: `zh`, `zh_next`, `en`, `en_next`."""
    of_status: dict[str, dict[str, str]] = _PHRASES[status]
    return of_status.get(code) or of_status.get("*") or next(iter(of_status.values()))


def _time(unix: float | None) -> str:
    if unix is None:
        return "—"
    return datetime.fromtimestamp(unix, _CHINA).strftime("%Y-%m-%d %H:%M")
