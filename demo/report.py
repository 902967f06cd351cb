"""The demo's reports: a table for the shell, JSON for programs, an HTML page for people."""

import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct

from demo.director import VisitResult
from kiosk.china_time import format_minute
from kiosk.codes import Code
from kiosk.model import Verdict
from kiosk.paths import RESOURCES
from kiosk.phrases import load

TEMPLATE = RESOURCES / "demo" / "report.html.jinja"

SIMULATED = (
    "Everything about people and devices here is simulated: animated photographs, synthetic voices, made-up "
    "cards, a simulated population register. Window, face and speech engines, queue, line and central server "
    "are the real ones. The passive anti-spoof model is not part of the demo, because no package registry "
    "carries it; a terminal in production does not start without it."
)


class DemoReport(Struct, frozen=True, kw_only=True):
    """Content of report.json."""

    at_unix: float
    simulated: bool
    remark: str
    start_to_window_s: float
    start_to_idle_s: float
    scenarios: Sequence[VisitResult]


def write(folder: Path, results: Sequence[VisitResult], *, window_s: float, start_s: float) -> None:
    """Write report.json and report.html into `folder`."""
    report = DemoReport(
        at_unix=time.time(),
        simulated=True,
        remark=SIMULATED,
        start_to_window_s=round(window_s, 2),
        start_to_idle_s=round(start_s, 2),
        scenarios=results,
    )
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    (folder / "report.html").write_text(page(report, sorted((folder / "screens").glob("*.png"))), "utf-8")


def table(results: Sequence[VisitResult]) -> str:
    """Return scenario, expectation, result and seconds as aligned columns; Chinese characters take two."""
    rows = [("scenario", "expected", "got", "credentials", "seconds", "")]
    rows += [
        (
            r.scenario,
            f"{r.expected} {r.expected_code}",
            f"{r.outcome} {r.code}",
            f"{r.credentials} of {r.expected_credentials}",
            f"{r.seconds:.1f}",
            "ok" if r.as_expected else "DIFFERS",
        )
        for r in results
    ]
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(c + " " * (w - _width(c)) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows
    )


def page(report: DemoReport, screens: Sequence[Path]) -> str:
    """Return one HTML page without scripts; `screens` are pictures in the folder `screens` beside it."""
    phrases = load("en")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(TEMPLATE.name).render(
        report=report,
        good=sum(r.as_expected for r in report.scenarios),
        at=format_minute(report.at_unix),
        sentence=lambda code: phrases.customer_end(Code(code)) if code not in ("", Code.OK) else "",
        measured=_measured,
        screens=screens,
    )


def _measured(verdict: Verdict) -> str:
    return ", ".join(f"{k} {v}" for k, v in verdict.measured.items() if v not in (None, ""))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
