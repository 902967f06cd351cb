"""Small faults put into the files that decide, one at a time: would a test notice?

    python -m tests.mutants --count 150 --seed 1
    python -m tests.mutants --files "kiosk/visit/rules/*" --count 40

The seed draws the faults. Each is tried in a temporary copy of the tree with the tests of its file
(tests/mutants/targets.py). Prints each survivor with its place and difference, and how many were killed,
survived and timed out, with a 95 % interval of the share that was noticed. Ctrl-C ends early and counts what
was tried. Exit status 1 if the tests fail without any fault.
"""

import argparse
import difflib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from evaluation.intervals import wilson
from tests.mutants.operators import Mutant, find_mutants
from tests.mutants.targets import deciding_files, tests_for
from tests.mutants.trial import Outcome, TreeCopy

ROOT = Path(__file__).parents[2]
GRACE = 5.0
"""Tests may take this many times as long as without a fault, and `GRACE_S` more."""
GRACE_S = 60.0
Place = tuple[str, Mutant]


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Draw faults, try them, and print the result; return 1 if the tests fail by themselves."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100, help="how many faults (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", nargs="+", default=["*"], help="patterns (all that decide)")
    options = parser.parse_args(argv)
    files = [f for f in deciding_files(root) if any(fnmatchcase(f, pattern) for pattern in options.files)]
    drawn = draw(root, files, options.count, options.seed)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = TreeCopy(root, Path(folder))
        limits = time_limits(tree, {tests_for(path) for path, _ in drawn})
        if limits is None:
            return 1
        print_summary(try_all(tree, root, drawn, limits))
    return 0


def draw(root: Path, files: list[str], count: int, seed: int) -> list[Place]:
    """Return `count` faults of these files, in a random order: so far as one gets, they are a fair sample."""
    every = [(path, mutant) for path in files for mutant in find_mutants((root / path).read_bytes())]
    return random.Random(seed).sample(every, min(count, len(every)) if count else len(every))


def time_limits(tree: TreeCopy, needed: set[tuple[str, ...]]) -> dict[tuple[str, ...], float] | None:
    """Run the tests without a fault; return how long each set of them may take, None if any fails."""
    limits = {}
    for tests in sorted(needed):
        run = tree.test(tests, 3600.0)
        print(f"without a fault: {run.took_s:5.1f} s  {' '.join(tests)}", flush=True)
        if not run.passed:
            print(run.output)
            return None
        limits[tests] = GRACE * run.took_s + GRACE_S
    return limits


def try_all(
    tree: TreeCopy, root: Path, drawn: list[Place], limits: dict[tuple[str, ...], float]
) -> Iterator[Outcome]:
    """Yield the outcome of each fault, printed as soon as it is known; a survivor with its difference."""
    for number, (path, mutant) in enumerate(drawn, 1):
        began = time.monotonic()
        tests = tests_for(path)
        outcome = tree.attempt(path, mutant, tests, limits[tests])
        took_s = time.monotonic() - began
        place = f"{path}:{mutant.line} {mutant.kind}"
        print(f"{number:>4}/{len(drawn)} {outcome.value:<9} {took_s:5.1f} s  {place}", flush=True)
        if outcome is Outcome.SURVIVED:
            print(difference(root, path, mutant), flush=True)
        yield outcome


def difference(root: Path, path: str, mutant: Mutant) -> str:
    """Return the fault as a unified difference without context."""
    source = (root / path).read_bytes()
    before, after = (text.decode().splitlines() for text in (source, mutant.apply(source)))
    return "\n".join(line for line in difflib.unified_diff(before, after, path, path, n=0, lineterm=""))


def print_summary(outcomes: Iterator[Outcome]) -> None:
    """Count the outcomes, until the last or until Ctrl-C, and print the counts."""
    counts = Counter[Outcome]()
    with suppress(KeyboardInterrupt):
        for outcome in outcomes:
            counts[outcome] += 1
    noticed = wilson(counts[Outcome.KILLED] + counts[Outcome.TIMED_OUT], counts.total())
    print("\n" + ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome))
    print(f"noticed: {noticed}")


if __name__ == "__main__":
    sys.exit(main())
