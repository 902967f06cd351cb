"""`make soak`: months in a shop within minutes; checks that nothing is lost or doubled and nothing grows.

python -m tests.soak [--visits N] [--seed N] [--fault-every N] [--fault NAME] [--out DIR] [--json FILE]
    [--folder DIR] [--minutes N] [--real N]
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.soak import disk, measures
from tests.soak.comparison import Comparison, compare
from tests.soak.simulation import ShopSimulation

SAMPLES = 200


def main(arguments: list[str] | None = None) -> int:
    """Run; returns 0 if all promises were kept, nothing grew and nothing was left behind."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--visits", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault-every", type=float, default=10.0, help="visits between two faults; 0: none")
    parser.add_argument("--fault", action="append", default=[], help="only this fault; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("out/soak"), help="CSV, plot and report go there")
    parser.add_argument("--json", type=Path, help="default: <out>/report.json")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long, whatever is missing")
    parser.add_argument("--folder", type=Path, help="work in here: /dev/shm, where the disk is slow to sync")
    parser.add_argument(
        "--real", type=int, default=0, help="so many visits through the real engines, besides"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {}
    if options.visits:
        report["visits"] = accelerated(options)
    if options.real:
        from tests.soak.real import real

        report["real"] = real(options.real, options.out)
    file = options.json or options.out / "report.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    good = all(part["good"] for part in report.values())
    print("good" if good else f"NOT GOOD; see {file}")
    return 0 if good else 1


def accelerated(options: argparse.Namespace) -> dict[str, Any]:
    began = time.monotonic()
    with _surroundings(options.folder) as (folder, temporary):
        simulation = ShopSimulation(folder, options.seed, options.fault_every, options.fault)
        samples, every = [measures.sample(simulation)], max(5, options.visits // SAMPLES)

        def sample() -> None:
            if simulation.done % every == 0:
                samples.append(measures.sample(simulation))
                if len(samples) % 20 == 0:
                    _progress(simulation, samples[-1], options.visits, began)

        until = began + options.minutes * 60
        simulation.run(options.visits, sample, lambda: time.monotonic() > until)
        simulation.end_all_faults()
        left_open = simulation.settle()
        simulation.close()
        took = time.monotonic() - began
        storage, central = folder / "storage", simulation.central.made.database
        found = compare(simulation.outcome_log, storage, central)
        report = _report(simulation, found, samples, took, left_open)
        report["temporary files left"] = _left(temporary, folder)
    report["good"] &= not report["temporary files left"]
    measures.write_csv(options.out / "samples.csv", samples)
    report["plot"] = measures.plot(options.out / "samples.png", samples)
    _print(report, found)
    return report


@contextmanager
def _surroundings(inside: Path | None = None) -> Iterator[tuple[Path, Path]]:
    """Give the run its own folder, for temporary files too; a full disk raises instead of killing."""
    logging.getLogger().handlers[:] = []
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=inside) as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        before, tempfile.tempdir = tempfile.tempdir, str(temporary)
        os.environ["TMPDIR"] = str(temporary)
        try:
            yield Path(folder), temporary
        finally:
            tempfile.tempdir = before
            os.environ.pop("TMPDIR")
            disk.unlimit()


def _left(temporary: Path, folder: Path) -> list[str]:
    """Return the temporary files that were left, and half-written ones beside the real ones."""
    there = [str(p.relative_to(folder)) for p in temporary.rglob("*")]
    half = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix in (".new", ".tmp", ".part")]
    return there + half


def _report(
    simulation: ShopSimulation, found: Comparison, samples: list, took: float, left_open: int
) -> dict[str, Any]:
    growth = measures.growth(samples)
    drifts = {name: measures.drift(samples, name) for name in ("files", "threads", "agenda")}
    threads = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
    flat = (growth or 0.0) < measures.MOST_GROWTH
    flat &= all((drifts[name] or 0.0) <= measures.MOST_DRIFT for name in ("files", "threads"))
    errors = {name: n for name, n in simulation.errors.counts.items() if name in simulation.errors.first}
    return {
        "seed": simulation.seed,
        "seconds": round(took, 1),
        "ms a visit": round(took / max(1, found.visits) * 1000, 1),
        "days": round(simulation.clock_days, 1),
        "nights": simulation.nights,
        "turned away while out of service": simulation.customers_turned_away,
        "faults": dict(simulation.fault_counts.most_common()),
        "errors logged": dict(simulation.errors.counts.most_common()),
        "tracebacks": simulation.errors.first,
        "slips printed": simulation.device_states.slips,
        "comparison": msgspec.to_builtins(found),
        "still open": left_open,
        "growth": growth,
        "drift": drifts,
        "first sample": msgspec.to_builtins(samples[0]),
        "last sample": msgspec.to_builtins(samples[-1]),
        "threads left": threads,
        "good": found.good and not left_open and flat and not threads and not errors,
    }


def _progress(simulation: ShopSimulation, last: measures.Sample, visits: int, began: float) -> None:
    print(
        f"  {simulation.done:>6} of {visits} visits, {last.days:5.1f} days,"
        f" {time.monotonic() - began:5.0f} s: {last.rss_mb:6.1f} MB,"
        f" {last.files} files, {last.threads} threads",
        flush=True,
    )


def _print(report: dict[str, Any], found: Comparison) -> None:
    for name, table in found.counts.items():
        print(f"{name}: " + ", ".join(f"{what} {n}" for what, n in table.items()))
    print("faults: " + ", ".join(f"{name} {n}" for name, n in report["faults"].items()))
    print("errors logged: " + ", ".join(f"{name} {n}" for name, n in report["errors logged"].items()))
    for name, text in report["tracebacks"].items():
        print(f"{name}\n{text}")
    print(
        f"{found.visits} visits in {report['seconds']} s ({report['ms a visit']} ms each),"
        f" {report['days']} days, {report['nights']} nights; {found.promised} promised,"
        f" {found.opened} opened, {found.changed} changed, {found.refused_by_central} refused by central,"
        f" {found.wedged} wedged, {found.never_told} delivered though the screen never told"
    )
    for name in ("lost", "doubled", "unasked", "contradicted", "open", "turned_away"):
        wrong = getattr(found, name)
        print(f"  {name}: {len(wrong)} {wrong[:5] or ''}")
    print(f"  people with two open credentials: {found.two_open}; still open: {report['still open']}")
    grown, drifts = report["growth"], report["drift"]
    told = f"{grown:+.2%}" if grown is not None else "too few samples"
    print(f"  memory after warming up to the end: {told}; drift of " + str(drifts).strip("{}"))
    print(f"  threads left: {report['threads left'] or 0}")
    print(f"  temporary files left: {report['temporary files left'] or 0}")


if __name__ == "__main__":
    sys.exit(main())
