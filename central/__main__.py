"""Runs `python -m central COMMAND`; each command is a module of `central.commands`."""

import argparse
import logging
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from central import __version__
from central.commands import SUMMARIES, load
from central.security.keys import KeysError
from central.settings import SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status.

    0: done. 1: refused. 2: settings, keys or database cannot be used.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    options = parser().parse_args(arguments)
    os.umask(0o077)  # files that central writes are for central's user alone
    try:
        status: int = options.run(options)
    except (SettingsError, KeysError, LookupError, ValueError, OSError, SQLAlchemyError) as error:
        print(f"central: {error}", file=sys.stderr)
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
