"""Loads the list of terminals (`central fleet load`) and shows their state (`central fleet show`)."""

import argparse
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from central.commands.common import add_actions, format_time, load_settings, open_database
from central.fleet import alarms, terminals
from central.storage.tables import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central fleet`."""
    add = add_actions(parser)
    add("show", show_fleet, "show every terminal with its last heartbeat and alarms")
    load = add("load", load_fleet, "add the first 45 points, or those of a CSV file")
    load.add_argument("file", type=Path, nargs="?", default=terminals.FLEET)


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def show_fleet(options: argparse.Namespace) -> int:
    """Print one line for each terminal: state, last heartbeat, waiting requests, open alarms."""
    with closing(open_database(load_settings(options))) as database, database.read() as session:
        rows = list(session.scalars(select(Terminal).order_by(Terminal.id)))
        found = alarms.open_alarms(session)
    print(f"{'terminal':<14} {'state':<9} {'last heard (UTC)':<20} {'waiting':>7}  alarms")
    for row in rows:
        waiting = "-" if row.waiting is None else str(row.waiting)
        own = ", ".join(f"{alarm.what} {alarm.detail}" for alarm in found if alarm.terminal == row.id)
        print(f"{row.id:<14} {row.state:<9} {format_time(row.seen_unix):<20} {waiting:>7}  {own}")
    return 0


def load_fleet(options: argparse.Namespace) -> int:
    """Add the terminals of a CSV file that are not known yet."""
    with open_database(load_settings(options)).write() as session:
        new = terminals.load_fleet(session, options.file)
    print(f"{new} new terminals")
    return 0
