"""Runs `python -m verification COMMAND`.

Exit status: 0 done, 1 something is missing or failed, 2 the settings or arguments cannot be used.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from kiosk import logging_setup
from kiosk.console import run_command
from kiosk.errors import KioskError, SettingsError
from verification.commands import SUMMARIES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run_command(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = parser().parse_args(arguments)
    logging_setup.install()
    try:
        status: int = options.run(options)
    except KioskError as error:
        print(f"verification: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(prog="verification", description="Workers that judge recorded clips.")
    top.add_argument("--version", action="version", version=f"verification {version('kiosk')}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in SUMMARIES.items():
        command = commands.add_parser(name, help=summary, description=summary)
        module = import_module(f"verification.commands.{name}")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


if __name__ == "__main__":
    sys.exit(main())
