"""Prints a one-time code with which a terminal enrols."""

import argparse
import sys
import time

from central.commands.common import add_data_argument, load_settings, open_database, terminal_name
from central.fleet import terminals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central enrol-code`."""
    add_data_argument(parser)
    parser.add_argument("terminal", type=terminal_name)
    parser.add_argument("--place", help="what slips name as the place")


def run(options: argparse.Namespace) -> int:
    """Print a code; return 1 if the terminal was revoked."""
    settings = load_settings(options)
    try:
        with open_database(settings).write() as session:
            code = terminals.enrolment_code(
                session, options.terminal, options.place, time.time(), settings.enrolment.code_valid_s
            )
    except terminals.TerminalRevoked:
        print(f"{options.terminal} was revoked; enrol the terminal under another name", file=sys.stderr)
        return 1
    print(code)
    return 0
