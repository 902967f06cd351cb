"""Revokes a terminal: none of its signatures counts any more."""

import argparse
import time

from central.commands.common import add_data_argument, load_settings, open_database
from central.fleet import terminals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central revoke`."""
    add_data_argument(parser)
    parser.add_argument("terminal")


def run(options: argparse.Namespace) -> int:
    """Revoke the terminal; return 1 if it is not known."""
    with open_database(load_settings(options)).write() as session:
        known = terminals.revoke(session, options.terminal, time.time())
    print(f"{options.terminal}: {'revoked' if known else 'not known'}")
    return 0 if known else 1
