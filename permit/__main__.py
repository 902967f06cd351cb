"""Runs `python -m permit COMMAND`; each command is a module of `permit.commands`."""

import argparse
import logging
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from permit.commands import init, report, run
from permit.settings import SettingsError

_COMMANDS = {
    "init": (init, "make keys and database, or bring them up to date"),
    "run": (run, "serve browsers"),
    "report": (report, "print counts of bindings, passes, refusals and what waits; no names"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status: 0 done, 2 settings, keys or database cannot be used."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.umask(0o077)  # files that the service writes are for its user alone
    try:
        status: int = options.run(options)
    except SQLAlchemyError as error:  # its text may quote a statement
        print(f"permit: the database cannot be used: {type(error).__name__}", file=sys.stderr)
        return 2
    except (SettingsError, ValueError, OSError) as error:
        print(f"permit: {error}", file=sys.stderr)
        return 2
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; parsed options carry the command's `run`."""
    top = argparse.ArgumentParser(prog="permit", description="The e-permit service.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, (module, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


if __name__ == "__main__":
    sys.exit(main())
