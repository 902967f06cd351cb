"""Prints how much happened and what waits, without a name."""

import argparse
import time
from contextlib import closing
from datetime import timedelta

from permit.cards.cards import china_day
from permit.commands.common import add_data_argument, load_settings
from permit.report import format_report, report
from permit.storage.database import Database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `permit report`."""
    add_data_argument(parser)
    parser.add_argument("--days", type=int, default=7, help="so many days, today's included")


def run(options: argparse.Namespace) -> int:
    """Print the report."""
    since = china_day(time.time()) - timedelta(days=options.days - 1)
    with closing(Database(load_settings(options).database)) as database:
        print(format_report(report(database, since)))
    return 0
