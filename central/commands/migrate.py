"""Brings the tables of an earlier release to those of this one."""

import argparse
from contextlib import closing

from central.commands.common import add_data_argument, load_settings
from central.storage.database import Database, migrate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central migrate`."""
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Migrate, in one transaction; programs that do it at once wait for each other."""
    with closing(Database(load_settings(options).database)) as database:
        migrate(database.engine)
    print("the database has the tables of this release")
    return 0
