"""`make bench`: see `benchmarks`."""

import argparse
import shutil
import sys
from importlib import import_module
from pathlib import Path

from msgspec.structs import replace

from benchmarks import machine, report
from benchmarks.bench import QUICK_CENTRAL, Bench, CentralOptions
from benchmarks.central import PARTS
from benchmarks.figures import Result
from kiosk.models.installer import install

NAMES = ("start", "idle", "card", "visit", "face", "preview", "digit", "pin", "outbox", "central")
"""In this order. Each is a module with `run(bench)`, which brings results."""
MODELS = Path("var/models")
OUT = Path("out/bench")


def main(argv: list[str] | None = None) -> int:
    """0: all were measured; 1: some failed. Goals are told, never judged: the machine may be busy."""
    options = parse(argv)
    names = options.names or NAMES
    if names != ["central"]:
        install(folder=MODELS, report=lambda _: None)
    shutil.rmtree(OUT / "work", ignore_errors=True)
    here = machine.here()
    print(report.about(here), flush=True)
    with Bench(OUT / "work", MODELS, quick=options.quick, central=central_options(options)) as bench:
        measured = {name: _measure(name, bench) for name in names}
    results = [result for found, _ in measured.values() for result in found]
    told = report.Report(here, options.quick, results)
    report.write_json(options.json, told)
    failed = [name for name, (_, whole) in measured.items() if not whole]
    if options.document and not failed:
        report.write_documents(told)
    print(f"\nall values: {options.json}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _measure(name: str, bench: Bench) -> tuple[list[Result], bool]:
    """What was measured, and whether that is all: one that cannot be measured does not stop the others."""
    results: list[Result] = []
    try:
        for result in import_module(f"benchmarks.{name}").run(bench):
            print(f"\n{report.block(result)}", flush=True)
            results.append(result)
    except Exception as error:
        print(f"\n{name}: not measured: {type(error).__name__}: {error}", flush=True)
        return results, False
    return results, True


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options. Exits with status 2 if they are wrong."""
    parser = _parser()
    options = parser.parse_args(argv)
    if unknown := sorted(set(options.names) - set(NAMES)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(NAMES)}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="measure a little, to see that it works")
    parser.add_argument("--json", type=Path, default=OUT / "report.json", metavar="FILE", help="all values")
    parser.add_argument("--document", action="store_true", help="write the figures into docs/")
    central = parser.add_argument_group("central")
    central.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    central.add_argument("--databases", nargs="+", choices=("postgresql", "sqlite"), help="default: both")
    central.add_argument("--workers", type=int, help="processes of each server")
    central.add_argument("--seconds", type=float, help="length of a round, about")
    central.add_argument("--rounds", type=int, help="how often each server gets its turn")
    central.add_argument("--terminals", type=int, help="how many return at once")
    central.add_argument("--rows", type=int, help="of the database that has grown")
    central.add_argument("--pending", type=int, help="requests that wait for the register")
    return parser


def central_options(options: argparse.Namespace) -> CentralOptions:
    """Return the options of central that were given, and the defaults of the others."""
    given = {name: getattr(options, name) for name in CentralOptions.__struct_fields__}
    known = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if v is not None}
    return replace(QUICK_CENTRAL if options.quick else CentralOptions(), **known)


if __name__ == "__main__":
    sys.exit(main())
