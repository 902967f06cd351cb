"""`kiosk evaluate`: the measurements of the package `evaluation`, which is not part of a terminal."""

import argparse
from importlib import import_module


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one subcommand for each measurement."""
    import_module("evaluation.commands").add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Run the chosen measurement. Raises SettingsError, ModelError, EngineError."""
    status: int = import_module("evaluation.commands").run(options)
    return status
