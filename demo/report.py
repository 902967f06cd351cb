"""The demo's three reports: a table on the terminal, JSON for machines, HTML for a shop's manager."""

import html
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from demo.director import Result
from kiosk.codes import Code
from kiosk.model import Language, Verdict
from kiosk.phrases import Phrases, load

SIMULATED = (
    "Everything about people and devices here is simulated: animated photographs, synthetic voices, made-up "
    "cards, a simulated population register. Window, face and speech engines, queue, line and central server "
    "are the real ones. The passive anti-spoof model is not part of the demo, because no package registry "
    "carries it; a terminal in production does not start without it."
)


class Report(Struct, frozen=True):
    """report.json."""

    at_unix: float
    simulated: bool
    remark: str
    start_to_idle_s: float
    scenarios: Sequence[Result]


def write(folder: Path, results: Sequence[Result], start_s: float) -> None:
    """report.json and report.html into `folder`."""
    report = Report(time.time(), True, SIMULATED, round(start_s, 2), results)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    (folder / "report.html").write_text(page(report, sorted((folder / "screens").glob("*.png"))), "utf-8")


def table(results: Sequence[Result]) -> str:
    """Scenario, expected, got, seconds; aligned also where Chinese stands."""
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
    return "\n".join("  ".join(_padded(c, w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows)


def page(report: Report, screens: Sequence[Path]) -> str:
    """One HTML page, no scripts, no other files but the screenshots beside it."""
    good = sum(r.as_expected for r in report.scenarios)
    phrases = load(Language.EN)
    rows = "\n".join(_row(r, phrases) for r in report.scenarios)
    pictures = "\n".join(
        f'<figure><img src="screens/{s.name}" alt="{s.stem}"><figcaption>{s.stem}</figcaption></figure>'
        for s in screens
    )
    return _PAGE.format(
        good=good,
        count=len(report.scenarios),
        verdict="good" if good == len(report.scenarios) else "bad",
        at=time.strftime("%Y-%m-%d %H:%M", time.localtime(report.at_unix)),
        start=report.start_to_idle_s,
        remark=html.escape(report.remark),
        rows=rows,
        pictures=pictures,
    )


def _row(result: Result, phrases: Phrases) -> str:
    said = phrases.customer(Code(result.code)) if result.code not in ("", Code.OK) else ""
    measures = "".join(f"<li>{html.escape(_measure(v))}</li>" for v in result.verdicts)
    return (
        f'<tr class="{"good" if result.as_expected else "bad"}">'
        f"<td><b>{html.escape(result.title)}</b><br><small>{html.escape(result.note)}</small></td>"
        f"<td>{result.expected}</td><td>{result.outcome}</td>"
        f"<td>{html.escape(said)}<br><small>{result.code}</small></td>"
        f"<td>{result.credentials} of {result.expected_credentials}</td><td>{result.seconds:.1f}</td>"
        f"<td><details><summary>{len(result.verdicts)} checks</summary>"
        f"<ul>{measures}</ul></details></td></tr>"
    )


def _measure(verdict: Verdict) -> str:
    measured = ", ".join(f"{k} {v}" for k, v in verdict.measured.items() if v not in (None, ""))
    return f"{verdict.check}: {verdict.answer} {'' if verdict.code == 'ok' else verdict.code} ({measured})"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Terminal demonstration</title>
<style>
 body {{ font: 16px/1.5 system-ui, "Noto Sans SC", sans-serif; margin: 2rem auto; max-width: 75rem;
   color: #1d2733 }}
 h1 {{ margin-bottom: 0 }}
 .sum {{ font-size: 1.4rem }} .sum.good {{ color: #0b6b3a }} .sum.bad {{ color: #a3160e }}
 table {{ border-collapse: collapse; width: 100% }}
 td, th {{ text-align: left; padding: .5rem; vertical-align: top; border-bottom: 1px solid #d5dbe2 }}
 tr.bad td {{ background: #fdecea }}
 small, figcaption {{ color: #5a6775 }}
 .screens {{ display: flex; flex-wrap: wrap; gap: 1rem }}
 figure {{ margin: 0; width: 11rem }} figcaption {{ font-size: .75rem }}
 img {{ width: 100%; border: 1px solid #c3ccd6; border-radius: 6px }}
</style>
<h1>Terminal demonstration</h1>
<p>{at} · in service {start:.1f} s after it was started</p>
<p class="sum {verdict}">{good} of {count} visits went as expected.</p>
<p>{remark}</p>
<table><tr><th>What happened</th><th>Expected</th><th>Got</th><th>What the customer was told</th>
<th>Credentials at central</th><th>Seconds</th><th>Measures</th></tr>
{rows}
</table>
<h2>The screens, each when it was first seen</h2>
<div class="screens">
{pictures}
</div>
</html>
"""
