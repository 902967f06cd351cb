"""Runs `python -m central COMMAND`; each command is a module of `central.commands`."""

import argparse
import os
import sys
from contextlib import ExitStack

from sqlalchemy.exc import SQLAlchemyError

from central import __version__, logging_setup
from central.commands import SUMMARIES, load
from central.console import run_command
from central.security.keys import KeysError
from central.settings import SettingsError
from central.storage.database import SchemaError, storage_problem


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status.

    0: done. 1: refused. 2: settings, keys or database cannot be used.
    """
    return run_command(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> int:
    options = parser().parse_args(arguments)
    logging_setup.install(getattr(options, "log", "text"))
    os.umask(0o077)  # files that central writes are for central's user alone
    try:
        with ExitStack() as options.at_end:
            status: int = options.run(options)
    except (
        SettingsError,
        KeysError,
        SchemaError,
        LookupError,
        ValueError,
        OSError,
        SQLAlchemyError,
    ) as error:
        problem = storage_problem(error)
        print(f"central: {problem.detail if problem else error}", file=sys.stderr)
        return 2
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; parsed options carry the command's `run`."""
    top = argparse.ArgumentParser(prog="central", description="The central server.")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in SUMMARIES.items():
        command, module = commands.add_parser(name, help=summary, description=summary), load(name)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


if __name__ == "__main__":
    sys.exit(main())
