"""Subcommands of `kiosk evaluate` and `python -m evaluation`, one for each measurement."""

import argparse

from kiosk.commands.parser import CommandParser

MEASUREMENTS = {
    "speech": ("evaluation.speech.command", "isolated digits and paced challenges"),
    "voices": ("evaluation.speech.voices", "the pitch of one speaker, and of two who take turns"),
    "face": ("evaluation.face.command", "FMR and FNMR of the face engines"),
    "coaching": ("evaluation.face.coaching", "time to enough good frames, and how steady the hints are"),
    "pad": ("evaluation.liveness.command", "APCER and BPCER of presentation attack detection"),
    "lips": ("evaluation.lips.command", "mouth opening against sound"),
    "light": ("evaluation.light.command", "the light challenge, simulated"),
    "stream": ("evaluation.stream.command", "findings on the camera's stream, simulated"),
    "camera": ("evaluation.camera.command", "what covered and turned cameras show, simulated"),
    "head": ("evaluation.head.command", "the head challenge, with simulated head movements"),
}
"""Name: module with `add_arguments(parser)` and `run(options) -> int`, and a summary."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each measurement; its module is imported only when it is chosen."""
    measurements = parser.add_subparsers(required=True, metavar="MEASUREMENT", parser_class=CommandParser)
    for name, (module, summary) in MEASUREMENTS.items():
        measurements.add_parser(name, module=module, run_as="measure", help=summary, description=summary)


def run(options: argparse.Namespace) -> int:
    """Run the chosen measurement and return its exit status.

    Raises SettingsError, ModelError, EngineError.
    """
    status: int = options.measure(options)
    return status
