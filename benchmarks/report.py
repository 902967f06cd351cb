"""The figures for people: a table on the terminal, and docs/benchmarks.md; for machines: JSON."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from benchmarks.figures import Result, Series
from benchmarks.machine import Machine

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, SCALE = DOCS / "benchmarks.md", DOCS / "scale.md"
"""Figures of central at scale stand in `SCALE`, all others in `DOCUMENT`."""
BEGIN = "<!-- written by python -m benchmarks --document; below is not edited by hand -->"
END = "<!-- end of what is written -->"
_LABEL = 48


class Report(Struct, frozen=True):
    """All of a run."""

    machine: Machine
    quick: bool
    results: Sequence[Result]


def about(machine: Machine) -> str:
    """Machine, date and load in two lines."""
    at = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(machine.at_unix))
    loads = " / ".join(f"{load:.1f}" for load in machine.load)
    return (
        f"{at}; {machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB; "
        f"{machine.system}; Python {machine.python}\n"
        f"load average before the first measurement: {loads} (1, 5, 15 minutes)"
    )


def block(result: Result) -> str:
    """One result for the terminal: ours, baselines, parts; n, median, 10th and 90th percentile."""
    lines = [f"{result.title}  [load {result.load:.1f}]"]
    lines += [_line("", result.ours) + _told(result)]
    lines += [_line("baseline: ", s) for s in result.baselines]
    lines += [_line("  ", s) for s in result.parts]
    if result.remark:
        lines.append(f"  {result.remark}")
    return "\n".join(lines)


def _told(result: Result) -> str:
    return f"   {result.goal.told(result.ours)}" if result.goal else ""


def _line(before: str, series: Series) -> str:
    low, high = series.spread
    spread = f"({_number(low)} … {_number(high)}, n {len(series.values)})"
    return f"  {before + series.label:<{_LABEL}} {_number(series.median):>8} {series.unit:<13} {spread}"


def write_json(path: Path, report: Report) -> None:
    """Every single value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def write_documents(report: Report) -> None:
    """Replace the figures of the documents that something was measured for. Raises ValueError."""
    for path, central in ((DOCUMENT, False), (SCALE, True)):
        results = [one for one in report.results if (one.name == "central") is central]
        if results:
            write_document(replace(report, results=results), path)


def write_document(report: Report, path: Path) -> None:
    """Replace the figures of the document; what stands around them is kept. Raises ValueError."""
    head, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path.name}: the lines around the figures are missing")
    path.write_text(f"{head}{BEGIN}\n\n{markdown(report)}\n\n{END}{tail}", encoding="utf-8")


def markdown(report: Report) -> str:
    """The figures as tables: first all of them, then each with what it is made of."""
    return "\n\n".join([about(report.machine), _overview(report.results), *_details(report.results)])


def _overview(results: Sequence[Result]) -> str:
    rows = ["| | ours | baseline | goal |", "|---|---|---|---|"]
    for result in results:
        baselines = "<br>".join(f"{_told_series(s)} ({s.label})" for s in result.baselines)
        goal = result.goal.told(result.ours).removeprefix("goal ") if result.goal else ""
        rows.append(f"| {result.title} | **{_told_series(result.ours)}** | {baselines} | {goal} |")
    return "\n".join(rows)


def _details(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        rows = ["| | median | 10 % … 90 % | n |", "|---|---|---|---|"]
        rows += [_row(f"**{result.ours.label}**", result.ours)]
        rows += [_row(f"baseline: {s.label}", s) for s in result.baselines]
        rows += [_row(s.label, s) for s in result.parts]
        told = f"{result.remark} Load {result.load:.1f}.".strip()
        yield f"### {result.title}\n\n" + "\n".join(rows) + f"\n\n{told}"


def _row(label: str, series: Series) -> str:
    low, high = series.spread
    return f"| {label} | {_told_series(series)} | {_number(low)} … {_number(high)} | {len(series.values)} |"


def _told_series(series: Series) -> str:
    return f"{_number(series.median)} {series.unit}"


def _number(value: float) -> str:
    """Three significant digits, without exponent."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
