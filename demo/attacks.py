"""`make attack`: impostors at the whole terminal, and honest people as a control.

    python -m demo.attacks [--models DIR] [--seeds N] [--only NAME …] [--out DIR]

Every impostor brings somebody's card and an attack instrument made from that person's photograph, and has
an accomplice at the counter: a clerk who approves whatever may be approved, without a supervisor. Faces,
voices, screens and light are simulated. Exit status: 0 if a check stopped every impostor; 1 if
one got a credential or a visit came to no end; 2 if no such attack is known.

`--models`: a folder that holds the anti-spoof pair too; without it nothing passive is measured.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from demo.__main__ import MODELS, PORTRAIT, emptied
from demo.director import PROMISED, Director, VisitResult
from demo.environment import Environment
from demo.instruments import NAMES
from demo.scenarios import Clerk, Scenario
from evaluation.intervals import wilson
from kiosk.codes import Code
from kiosk.console import run_command
from kiosk.model import Outcome, ReviewReason, Way
from kiosk.models import manifest
from kiosk.models.installer import install
from kiosk.simulators.customer import CustomerBehaviour

PEOPLE = ("collins", "hopper")
WAYS = (Way.VOICE, Way.HEAD, Way.TOUCH)
ACCOMPLICE = Clerk(reason=ReviewReason.SAME_PERSON, alone=True)
HONEST_STAFF = Clerk(reason=ReviewReason.CANNOT_SPEAK)
FIRST_CARD = 300
"""Seed of the first made-up card; each visit brings another one."""
NO_OUTCOME = "no outcome"
"""Code of a visit that came to no end: it was not stopped by any check."""


def visits(seeds: int) -> Iterator[Scenario]:
    """Yield attacks in every way, an accomplice's own, and honest people; `seeds` of each."""
    for seed in range(seeds):
        person = PEOPLE[seed % len(PEOPLE)]
        other = PEOPLE[(seed + 1) % len(PEOPLE)]
        for way in WAYS:
            for species in NAMES:
                face = f"{species}:{person}:{seed}"
                yield _visit(f"{species} {way}", face, person, way, seed, ACCOMPLICE)
            yield _visit(f"another-person {way}", other, person, way, seed, ACCOMPLICE)
            yield _visit(f"honest {way}", person, person, way, seed, HONEST_STAFF)
        papers = Clerk(reason=ReviewReason.HOUSEHOLD_REGISTER, alone=True)
        yield _visit("childs-card voice", person, person, Way.VOICE, seed, papers, child=True)
        yield _visit("clerks-way clerk", person, person, Way.CLERK, seed, ACCOMPLICE)


def _visit(
    name: str, face: str, card_of: str, way: Way, seed: int, clerk: Clerk, *, child: bool = False
) -> Scenario:
    customer = CustomerBehaviour(face=face, card_of=card_of, way=way, child=child, swaps_to=face)
    honest = name.startswith("honest")
    return Scenario(
        name=f"{name} {seed}",
        title=name,
        expected=Outcome.ACTIVATED if honest else Outcome.REFERRED,
        code=Code.OK,
        credentials=int(honest),
        customer=customer,
        clerk=clerk,
    )


def main() -> int:
    """Play every attack and print what stopped it."""
    options = _parser().parse_args()
    began = time.monotonic()
    chosen = [s for s in visits(options.seeds) if not options.only or s.title.split()[0] in options.only]
    if not chosen:
        print(f"no such attack; there are: {', '.join({s.title.split()[0]: 0 for s in visits(1)})}")
        return 2
    numbered = tuple(
        replace(s, customer=replace(s.customer, seed=FIRST_CARD + i)) for i, s in enumerate(chosen)
    )
    if options.models == MODELS:
        install(folder=MODELS, report=lambda _: None)
    driver = "minifasnet" if has_anti_spoof(options.models) else "none"
    print(f"{len(numbered)} visits; passive anti-spoof model: {driver}; all simulated", flush=True)
    work = emptied(options.out)
    with Environment(work, options.models, PORTRAIT, fast=True, liveness=driver) as environment:
        director = Director(environment, options.out / "screens", _print_progress)
        try:
            director.start_terminal()
            environment.start()
            results = director.play(numbered, with_staff=False)
        finally:
            director.close()
    print(f"\n{table(results)}\n{time.monotonic() - began:.0f} s")
    bad = (is_opened(r) or not r.code for r in results if not r.title.startswith("honest"))
    return int(any(bad))


def _print_progress(line: str) -> None:
    """Print without the mark: what an attack comes to is not known before the check that stops it."""
    print(line.replace("✗ ", "").replace("✓ ", ""), flush=True)


def has_anti_spoof(models: Path) -> bool:
    """Return whether the weights that measure liveness are in this folder."""
    pair = manifest.select_entries(manifest.read(), ["liveness"])
    return all(manifest.fault(entry, models) is None for entry in pair)


def is_opened(result: VisitResult) -> bool:
    """Return whether somebody got a credential or may still get one."""
    return result.credentials > 0 or result.outcome in PROMISED


def table(results: list[VisitResult]) -> str:
    """Return a line for each attack and way: how often it was stopped, and by which checks."""
    lines = []
    for title in dict.fromkeys(r.title for r in results):
        cell = [r for r in results if r.title == title]
        opened = sum(map(is_opened, cell))
        codes = sorted({r.code or NO_OUTCOME for r in cell if not is_opened(r)})
        mark = "" if title.startswith("honest") or not opened else "  ← ACTIVATED"
        lines.append(f"{title:24} opened {opened} of {len(cell)}  {' '.join(codes)}{mark}")
    attacks = [r for r in results if not r.title.startswith("honest")]
    honest = [r for r in results if r.title.startswith("honest")]
    for name, group in (("attacks", attacks), ("honest people", honest)):
        lines.append(f"{name} who got a credential: {wilson(sum(map(is_opened, group)), len(group))}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.attacks", description="Attacks on the whole terminal."
    )
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the weights")
    parser.add_argument("--seeds", type=int, default=1, help="visits of each kind")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these kinds, such as print or honest")
    parser.add_argument("--out", type=Path, default=Path("out/attack"), help="folder for logs and pictures")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main))
