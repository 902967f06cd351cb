"""Revokes a terminal: none of its signatures counts any more."""

import argparse
import time

from central.commands.common import add_data_argument, load_settings, open_database
from central.fleet import terminals

SUMMARY = "a terminal's signatures count no more"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    parser.add_argument("terminal")


def run(options: argparse.Namespace) -> int:
    with open_database(load_settings(options)).write() as session:
        known = terminals.revoke(session, options.terminal, time.time())
    print(f"{options.terminal}: {'revoked' if known else 'not known'}")
    return 0 if known else 1
