"""`make torture`: interrupt a visit at every point between promise and credential, and count the results.

python -m tests.torture [--database sqlite|postgresql] [--only PART …] [--every N] [--from N] [--to M]
                        [--resume] [--drain N]

Each point is written to the report as soon as it was tried; `--resume` leaves out those that are in it.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.torture.drain import DrainReport, drain
from tests.torture.parts import ALL
from tests.torture.point_selection import PointSelection
from tests.torture.postgresql import POSTGRESQL, WITH_SMALL_DISK, WITH_STANDBY, TwoCentrals
from tests.torture.system import FinalState, SystemUnderTest

ROW = "{:<22} {:>6} {:>5} {:>8} {:>12} {:>5} {:>9} {:>8}"
HEAD = ROW.format("part", "points", "lost", "doubled", "contradicted", "open", "set aside", "seconds")
PARTS = {"sqlite": [*ALL, "drain"], "postgresql": list(POSTGRESQL)}
"""The parts of each database, which run unless `--only` names some."""


class Tried(Struct, frozen=True):
    """A line of the report."""

    part: str
    end: FinalState


def main() -> int:
    """Run the parts; returns 0 if nothing was lost, doubled or contradicted."""
    options = _options()
    before = _report(options.out) if options.resume else {}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if not options.resume:
        options.out.unlink(missing_ok=True)
    print(HEAD)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in (part for part in options.only or PARTS[options.database] if part != "drain"):
            earlier = before.get(name, [])
            done = frozenset(end.point for end in earlier)
            selection = PointSelection(options.every, options.first, options.last, done)
            began = time.monotonic()
            tried = _part(Path(folder) / re.sub(r"\W+", "-", name), name, selection, options.out)
            good &= _row(name, [*earlier, *tried], time.monotonic() - began)
        if "drain" in (options.only or PARTS[options.database]):
            good &= _print_drain(drain(Path(folder), options.drain))
    print("nothing lost, doubled or contradicted" if good else f"NOT GOOD; see {options.out}")
    return 0 if good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each so-many-th point")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first point")
    parser.add_argument("--to", dest="last", type=int, default=1_000_000, help="the last point")
    parser.add_argument("--resume", action="store_true", help="leave out what the report has already")
    parser.add_argument("--database", choices=PARTS, default="sqlite", help="central's")
    parser.add_argument(
        "--only", nargs="+", choices=[*ALL, *POSTGRESQL, "drain"], help="parts, of any database"
    )
    parser.add_argument("--drain", type=int, default=10_000, help="requests that wait")
    parser.add_argument("--out", type=Path, default=Path("out/torture/report.jsonl"))
    return parser.parse_args()


def _report(path: Path) -> dict[str, list[FinalState]]:
    found: dict[str, list[FinalState]] = defaultdict(list)
    if path.exists():
        for tried in msgspec.json.Decoder(Tried).decode_lines(path.read_bytes()):
            found[tried.part].append(tried.end)
    return found


def _part(folder: Path, name: str, selection: PointSelection, out: Path) -> list[FinalState]:
    system: SystemUnderTest
    if name in POSTGRESQL:
        system = two = TwoCentrals(
            folder, {}, standby=name in WITH_STANDBY, small_disk=name in WITH_SMALL_DISK
        )
        states = POSTGRESQL[name](two, selection)
    else:
        system = SystemUnderTest(folder)
        states = ALL[name](system, selection)
    try:
        ends = list(_written(states, name, out))
        assert system.credentials_in_all() >= sum(end.credentials for end in ends)
    finally:
        system.close()
    return ends


def _written(ends: Iterator[FinalState], name: str, out: Path) -> Iterator[FinalState]:
    for end in ends:
        with out.open("ab") as file:
            file.write(msgspec.json.encode(Tried(name, end)) + b"\n")
        yield end


def _print_drain(drain: DrainReport) -> bool:
    print(f"{drain.requests} waiting: {drain.delivered} delivered, {drain.doubled} doubled;")
    print(f"  stored: {drain.put_ms:.2f} ms; sent, ms a request by tenths {drain.per_request_ms};")
    print(f"  last three tenths over first three: {drain.slope:.2f}")
    return drain.good


def _row(name: str, ends: list[FinalState], seconds: float) -> bool:
    faults = ("lost", "doubled", "contradicted", "open")
    counts = [sum(getattr(end, what) for end in ends) for what in faults]
    aside = sum(end.visible for end in ends)
    points = len({end.point for end in ends})
    print(ROW.format(name, points, *counts, aside, round(seconds)), flush=True)
    for end in ends:
        if not end.good:
            print(f"  NOT GOOD: {end}")
    return bool(ends) and not any(counts)


if __name__ == "__main__":
    sys.exit(main())
