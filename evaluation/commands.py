"""`kiosk evaluate WHAT …`: finds the measurement and lets it parse the rest."""

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module

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


def main(argv: Sequence[str]) -> int:
    """Raises SettingsError for data that cannot be used."""
    parser = argparse.ArgumentParser(prog="kiosk evaluate")
    commands = parser.add_subparsers(required=True, metavar="what")
    for name, (path, text) in MEASUREMENTS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if name in argv[:1]:  # the others need not be loaded: each brings its engines along
            module = import_module(path)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    options = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)
