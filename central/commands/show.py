"""Prints how many terminals, activations and credentials there are."""

import argparse

from sqlalchemy import func, select

from central.commands.common import add_data_argument, load_settings, open_database
from central.storage.tables import Activation, Credential, Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central show`."""
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the counts."""
    with open_database(load_settings(options)).read() as session:
        for name, column in (("terminals", Terminal.state), ("activations", Activation.status)):
            for value, count in session.execute(select(column, func.count()).group_by(column)).all():
                print(f"{name:<12} {value:<10} {count}")
        print(f"{'credentials':<23} {session.scalar(select(func.count()).select_from(Credential))}")
    return 0
