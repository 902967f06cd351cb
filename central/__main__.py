"""Runs `python -m central COMMAND`; each command is a module of `central.commands`."""

import argparse
import logging
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from central import __version__
from central.commands import (
    Command,
    alarms,
    audit,
    clerk,
    enrol_code,
    export_receipts,
    fleet,
    import_requests,
    init,
    openapi,
    privacy,
    protocol,
    revoke,
    rotate_sealing,
    run,
    show,
)
from central.security.keys import KeysError
from central.settings import SettingsError

COMMANDS: dict[str, Command] = {
    "init": init,
    "run": run,
    "enrol-code": enrol_code,
    "revoke": revoke,
    "fleet": fleet,
    "alarms": alarms,
    "clerk": clerk,
    "privacy": privacy,
    "import-requests": import_requests,
    "export-receipts": export_receipts,
    "rotate-sealing": rotate_sealing,
    "audit": audit,
    "show": show,
    "openapi": openapi,
    "protocol": protocol,
}


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
        return COMMANDS[options.command].run(options)
    except (SettingsError, KeysError, LookupError, ValueError, OSError, SQLAlchemyError) as error:
        print(f"central: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(prog="central", description="The central server.")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.SUMMARY, description=command.SUMMARY))
    return top


if __name__ == "__main__":
    sys.exit(main())
