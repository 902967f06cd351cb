"""A few visits with the real engines in real time, where those could leak.

Camera, microphone and people are simulated; detector, embedder, landmarks, recogniser, all threads, queue,
line and central are those of the product.
"""

import os
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from kiosk.models.manifest import verify
from tests.end_to_end.conftest import CENTRAL, NEEDED
from tests.soak.measures import rss_mb
from tests.support.central_server import running_central
from tests.support.headless_terminal import MODELS, HeadlessTerminal, TerminalSite, genuine_customer

WARM = 5
"""Visits in which models are loaded, heads rendered and threads' stacks touched."""
MOST_MB_A_VISIT = 0.5


def real(visits: int, out: Path) -> dict[str, Any]:
    """Return memory, files and threads after each visit, and the line through those after warming up."""
    if faults := verify(MODELS, NEEDED):
        return {"good": False, "why": f"{faults[0]}; kiosk models install"}
    threads_before = threading.active_count()
    rows: list[tuple[int, float, int, int, str]] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        with running_central(Path(folder), settings=CENTRAL) as central:
            site = TerminalSite(Path(folder) / "site", central)
            with site.line:
                site.enrol()
                with HeadlessTerminal(site.settings) as headless:
                    headless.in_service()
                    why = _visits(headless, visits, rows)
        time.sleep(0.5)
    left = [t.name for t in threading.enumerate()][threads_before:]
    return _report(rows, left, out, why)


def _visits(headless: HeadlessTerminal, visits: int, rows: list[tuple[int, float, int, int, str]]) -> str:
    """Return why the run stopped early (a machine may be too busy for the limits), or None."""
    try:
        for n in range(visits):
            rows.append((n + 1, *_visit(headless, n)))
            print(f"  real visit {rows[-1]}", flush=True)
    except pytest.fail.Exception as error:
        return str(error.msg)[:200]
    return ""


def _visit(headless: HeadlessTerminal, n: int) -> tuple[float, int, int, str]:
    odd = ({}, {}, {}, {"readings": ("wrong", "right")}, {"card": "expired"})[n % 5]
    ended = headless.visit(genuine_customer(seed=500 + n, **odd))
    headless.in_service(0)
    return (
        round(rss_mb(), 2),
        len(os.listdir("/proc/self/fd")),
        threading.active_count(),
        str(ended.slip.outcome),
    )


def _report(
    rows: list[tuple[int, float, int, int, str]], left: list[str], out: Path, why: str
) -> dict[str, Any]:
    text = "visit,rss_mb,files,threads,outcome\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    (out / "real.csv").write_text(text)
    warm = rows[WARM:]
    slope = _slope([(row[0], row[1]) for row in warm]) if len(warm) >= 5 else None
    third = max(1, len(warm) // 3)
    drifts = {
        name: median(row[i] for row in warm[-third:]) - median(row[i] for row in warm[:third])
        if warm
        else None
        for i, name in ((1, "rss_mb"), (2, "files"), (3, "threads"))
    }
    good = (
        not why and not left and (slope is None or slope < MOST_MB_A_VISIT) and (drifts["threads"] or 0) <= 0
    )
    found = {
        "visits": len(rows),
        "outcomes": {o: sum(row[4] == o for row in rows) for o in sorted({row[4] for row in rows})},
        "mb_a_visit": slope,
        "last_third_less_first": drifts,
        "threads left": left,
        "stopped early": why,
        "good": good,
    }
    print(f"{len(rows)} real visits: {found}")
    return found


def _slope(points: list[tuple[int, float]]) -> float:
    """Fit a line by least squares."""
    x, y = (sum(column) / len(points) for column in zip(*points, strict=True))
    spread = sum((a - x) ** 2 for a, _ in points)
    return round(sum((a - x) * (b - y) for a, b in points) / spread, 4)
