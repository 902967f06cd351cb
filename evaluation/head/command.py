"""`kiosk evaluate head`: how often the head challenge turns away who follows it, and accepts who does not."""

import argparse

from evaluation.head.trials import measure
from kiosk import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate head`."""
    parser.add_argument("--trials", type=int, default=2000, help="of each kind of head (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")


def run(options: argparse.Namespace) -> int:
    """Measure, print the rates and return 0."""
    limits = settings.load().visit
    print(f"simulated heads, {limits.head.steps} arrows, one challenge each")
    for kind, rate in measure(options.trials, options.seed, limits).items():
        print(f"{'turned away' if kind == 'honest' else 'taken':12} {kind:8} {rate}")
    return 0
