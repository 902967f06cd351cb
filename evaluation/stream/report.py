"""Report of `kiosk evaluate stream`: how often each species is refused and noticed, and by which findings."""

from collections.abc import Sequence

from msgspec import Struct

from evaluation.intervals import Rate, wilson
from evaluation.output import table
from evaluation.stream.trials import FINDINGS, StreamTrial


class StreamRow(Struct, frozen=True, kw_only=True):
    """One species. `refused` by the settings; `noticed`: with any finding; `findings`: how often each."""

    species: str
    refused: Rate
    noticed: Rate
    findings: dict[str, int]


class StreamReport(Struct, frozen=True, kw_only=True):
    """All that `--json` holds. `refuses`: the findings that the settings refuse."""

    simulated: bool
    seed: int
    people: int
    seconds: float
    refuses: list[str]
    rows: list[StreamRow]
    trials: list[StreamTrial]


def rows(trials: Sequence[StreamTrial]) -> list[StreamRow]:
    """Return a row for each species."""
    found = []
    for species in dict.fromkeys(t.species for t in trials):
        some = [t for t in trials if t.species == species]
        counts = {str(code): sum(str(code) in t.findings for t in some) for code in FINDINGS}
        found.append(
            StreamRow(
                species=species,
                refused=wilson(sum(t.refused for t in some), len(some)),
                noticed=wilson(sum(bool(t.findings) for t in some), len(some)),
                findings={code: count for code, count in counts.items() if count},
            )
        )
    return found


def format_report(report: StreamReport) -> str:
    """Format the text."""
    lines = [
        (
            row.species,
            row.refused,
            row.noticed,
            ", ".join(f"{code.removeprefix('stream.')} {n}" for code, n in row.findings.items()) or "–",
        )
        for row in report.rows
    ]
    return "\n".join(
        [
            f"SIMULATED streams of {report.seconds:g} s, {report.people} people, seed {report.seed};"
            f" refuses: {', '.join(report.refuses)}",
            table([("species", "refused", "noticed at all", "findings"), *lines]),
            "of live: false alarms; of all others: detections. Intervals: Wilson, 95 %, as if streams of one"
            " person were independent.",
        ]
    )
