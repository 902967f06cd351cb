"""Malformed input at every entry point.

    python -m tests.fuzz --target settings manifest --seconds 600 --seed 1

Each case is made from its seed, which is printed with a finding; `--one` repeats it. Prints the number of
cases and findings of each target; exit status 1 if there was a finding.
"""

import argparse
import logging
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.targets import LONGEST_S, TARGETS, RunCase


def main(argv: list[str] | None = None) -> int:
    """Run the chosen targets; returns 0 if there was no finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", nargs="+", choices=(*TARGETS, "all"), default=["all"])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=1, help="of the first case; the others count on from it")
    parser.add_argument("--one", action="store_true", help="only this seed")
    options = parser.parse_args(argv)
    logging.disable(logging.CRITICAL)  # every refusal is logged, and there are millions
    try:
        return 1 if _run_targets(options) else 0
    finally:
        logging.disable(logging.NOTSET)


def _run_targets(options: argparse.Namespace) -> int:
    """Return the number of findings."""
    names = list(TARGETS) if "all" in options.target else options.target
    findings = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder, TARGETS[name](Path(folder)) as run_case:
            if options.one:
                print(name, run_case(options.seed))
                continue
            ended, found = run(name, run_case, options.seed, options.seconds)
        findings += found
        _print_result(name, ended, found, options)
    return findings


def run(name: str, run_case: RunCase, seed: int, seconds: float) -> tuple[Counter[str], int]:
    """Return how the cases ended, and how many were findings."""
    ended, findings, end = Counter[str](), 0, time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        try:
            ended[run_case(seed)] += 1
        except (Exception, BaseExceptionGroup):  # schemathesis groups what it finds
            findings += 1
            print(f"FINDING at {name}, seed {seed}:\n{traceback.format_exc()}", flush=True)
        if (took := time.monotonic() - began) > LONGEST_S:
            findings += 1
            print(f"FINDING at {name}, seed {seed}: {took:.0f} s", flush=True)
        seed += 1
    return ended, findings


def _print_result(name: str, ended: Counter[str], findings: int, options: argparse.Namespace) -> None:
    for how, count in ended.most_common(12):
        print(f"{count:9} {how}")
    total = ended.total() + findings
    print(
        f"{name}: {total} cases in {options.seconds:.0f} s from seed {options.seed}, {findings} findings",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
