"""`kiosk evaluate WHAT …`: finds the measurement and lets it parse the rest."""

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module

MEASUREMENTS = {
    "speech": "isolated digits and paced challenges",
    "face": "FMR and FNMR of the face engines",
    "coaching": "time to enough good frames, and how steady the hints are",
    "pad": "APCER and BPCER of presentation-attack detection",
    "lips": "mouth opening against sound",
    "light": "the light challenge, simulated",
    "stream": "findings on the camera's stream, simulated",
    "head": "the head challenge, with simulated heads",
}
"""Each is a module here with `add_arguments(parser)` and `run(options) -> int`."""


def main(argv: Sequence[str]) -> int:
    """Raises SettingsError for data that cannot be used."""
    parser = argparse.ArgumentParser(prog="kiosk evaluate")
    commands = parser.add_subparsers(required=True, metavar="what")
    for name, text in MEASUREMENTS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if name in argv[:1]:  # the others need not be loaded: each brings its engines along
            module = import_module(f"evaluation.{name}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    options = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)
