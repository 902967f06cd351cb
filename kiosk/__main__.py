"""Run the terminal, and the commands that staff and engineers use around it.

Exit status: 0 done, 1 something is missing or failed, 2 the settings or arguments cannot be used.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from kiosk import logging_setup
from kiosk.commands import available_commands
from kiosk.commands.parser import CommandParser
from kiosk.console import run_command
from kiosk.errors import KioskError, SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the exit status."""
    return run_command(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    options = command_line().parse_args(argv)
    logging_setup.install()
    try:
        status: int = options.run(options)
    except KioskError as error:
        print(f"kiosk: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    return status


def command_line() -> CommandParser:
    """Return the parser of all commands."""
    parser = CommandParser(prog="kiosk", description=__doc__)
    parser.add_argument("--version", action="version", version=f"kiosk {version('kiosk')}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, summary in available_commands().items():
        commands.add_parser(name, help=summary, description=summary, module=f"kiosk.commands.{name}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
