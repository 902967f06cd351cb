"""`kiosk evaluate WHAT …`: measurements, each a module with `add_arguments(parser)` and `run(options)`."""

import argparse
from collections.abc import Sequence

from kiosk.commands.parser import CommandParser

MEASUREMENTS = {
    "speech": ("evaluation.speech.command", "isolated digits and paced challenges"),
    "face": ("evaluation.face.command", "FMR and FNMR of the face engines"),
    "coaching": ("evaluation.face.coaching", "time to enough good frames, and how steady the hints are"),
    "pad": ("evaluation.liveness.command", "APCER and BPCER of presentation-attack detection"),
    "lips": ("evaluation.lips.command", "mouth opening against sound"),
    "light": ("evaluation.light.command", "the light challenge, simulated"),
    "stream": ("evaluation.stream.command", "findings on the camera's stream, simulated"),
    "head": ("evaluation.head.command", "the head challenge, with simulated heads"),
}
"""Name: module with `add_arguments(parser)` and `run(options) -> int`, and its help."""


def add_arguments(parser: CommandParser) -> None:
    """Add one subcommand for each measurement; its module is imported when it is used."""
    measurements = parser.add_subparsers(required=True, metavar="what")
    for name, (module, text) in MEASUREMENTS.items():
        measurements.add_parser(name, help=text, description=text, module=module, run_as="measure")


def run(options: argparse.Namespace) -> int:
    """Run the chosen measurement. Raises SettingsError for data that cannot be used."""
    status: int = options.measure(options)
    return status


def main(argv: Sequence[str]) -> int:
    """Run a measurement without the command `kiosk`. Raises SettingsError for data that cannot be used."""
    parser = CommandParser(prog="kiosk evaluate")
    add_arguments(parser)
    return run(parser.parse_args(argv))
