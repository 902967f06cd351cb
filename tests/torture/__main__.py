"""`make torture`: everything that can happen between a promise and a credential, counted.

python -m tests.torture [--every N] [--only PART …] [--drain N]
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tests.torture.drain import drain
from tests.torture.parts import ALL
from tests.torture.town import End, Town

ROW = "{:<22} {:>6} {:>5} {:>8} {:>5} {:>9} {:>8}"
HEAD = ROW.format("part", "points", "lost", "doubled", "open", "set aside", "seconds")


def main() -> int:
    """0: nothing lost, nothing doubled."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each so-many-th point")
    parser.add_argument("--only", nargs="+", choices=[*ALL, "drain"], default=[*ALL, "drain"])
    parser.add_argument("--drain", type=int, default=10_000, help="requests that wait")
    parser.add_argument("--out", type=Path, default=Path("out/torture/report.json"))
    options = parser.parse_args()
    report: dict[str, object] = {}
    print(
        f"{'part':<22} {'points':>6} {'lost':>5} {'doubled':>8} {'open':>5} {'set aside':>9} {'seconds':>8}"
    )
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in (part for part in options.only if part != "drain"):
            ends, seconds = _part(Path(folder) / re.sub(r"\W+", "-", name), name, options.every)
            report[name] = [msgspec.to_builtins(end) for end in ends]
            good &= _row(name, ends, seconds)
        if "drain" in options.only:
            drained = drain(Path(folder), options.drain)
            report["drain"] = msgspec.to_builtins(drained)
            good &= drained.good
            print(f"{drained.requests} waiting: {drained.delivered} delivered, {drained.doubled} doubled;")
            print(f"  put {drained.put_ms:.2f} ms; sent, ms a request by tenths {drained.per_request_ms};")
            print(f"  last three tenths over first three: {drained.slope:.2f}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    print("nothing lost, nothing doubled" if good else f"NOT GOOD; see {options.out}")
    return 0 if good else 1


def _part(folder: Path, name: str, every: int) -> tuple[list[End], float]:
    began = time.monotonic()
    town = Town(folder)
    try:
        ends = list(ALL[name](town, every))
        assert town.credentials_in_all() >= sum(end.credentials for end in ends)
    finally:
        town.close()
    return ends, time.monotonic() - began


def _row(name: str, ends: list[End], seconds: float) -> bool:
    lost, doubled, left = (sum(getattr(end, what) for end in ends) for what in ("lost", "doubled", "open"))
    aside = sum(end.visible for end in ends)
    print(
        f"{name:<22} {len(ends):>6} {lost:>5} {doubled:>8} {left:>5} {aside:>9} {seconds:>8.0f}", flush=True
    )
    for end in ends:
        if not end.good:
            print(f"  NOT GOOD: {end}")
    return bool(ends) and lost == doubled == left == 0


if __name__ == "__main__":
    sys.exit(main())
