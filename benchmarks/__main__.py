"""`make bench`: see `benchmarks`."""

import argparse
import shutil
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import machine, report
from benchmarks.bench import Bench
from benchmarks.figures import Result
from kiosk.models.installer import install

NAMES = ("start", "idle", "card", "visit", "face", "preview", "digit", "pin", "outbox", "central")
"""In this order. Each is a module with `run(bench) -> list[Result]`."""
MODELS = Path("var/models")
OUT = Path("out/bench")


def main(argv: list[str] | None = None) -> int:
    """0: all were measured; 1: some failed. Goals are told, never judged: the machine may be busy."""
    parser = _parser()
    options = parser.parse_args(argv)
    if unknown := sorted(set(options.names) - set(NAMES)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(NAMES)}")
    names = options.names or NAMES
    install(folder=MODELS, report=lambda _: None)
    shutil.rmtree(OUT / "work", ignore_errors=True)
    here = machine.here()
    print(report.about(here), flush=True)
    with Bench(OUT / "work", MODELS, quick=options.quick) as bench:
        measured = {name: _measure(name, bench) for name in names}
    results = [result for found in measured.values() for result in found]
    told = report.Report(here, options.quick, results)
    report.write_json(options.json, told)
    failed = [name for name, found in measured.items() if not found]
    if options.document and not failed:
        report.write_document(told)
    print(f"\nall values: {options.json}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _measure(name: str, bench: Bench) -> list[Result]:
    """Empty if it failed: one that cannot be measured is told and does not stop the others."""
    try:
        results: list[Result] = import_module(f"benchmarks.{name}").run(bench)
    except Exception as error:
        print(f"\n{name}: not measured: {type(error).__name__}: {error}", flush=True)
        return []
    for result in results:
        print(f"\n{report.block(result)}", flush=True)
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="measure a little, to see that it works")
    parser.add_argument("--json", type=Path, default=OUT / "report.json", metavar="FILE", help="all values")
    parser.add_argument("--document", action="store_true", help="write the figures to docs/benchmarks.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
