"""Loads the list of terminals (`central fleet load`), shows their state, lets one pin another card reader."""

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from central.china_time import format_second
from central.commands.common import add_actions, load_settings, open_database, terminal_name
from central.fleet import alarms, readers, terminals
from central.storage.tables import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central fleet`."""
    add = add_actions(parser)
    add("show", show_fleet, "show every terminal with its last heartbeat and alarms")
    load = add(
        "load",
        load_fleet,
        "add the first 45 points, or those of a CSV file; bring coordinates and hours up to date",
    )
    load.add_argument("file", type=Path, nargs="?", default=terminals.FLEET)
    reader = add("reader", permit_reader, "let a terminal pin another card reader, once")
    reader.add_argument("terminal", type=terminal_name)


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def show_fleet(options: argparse.Namespace) -> int:
    """Print one line for each terminal: state, last heartbeat, waiting requests, card reader, open alarms."""
    with closing(open_database(load_settings(options))) as database, database.read() as session:
        rows = list(session.scalars(select(Terminal).order_by(Terminal.id)))
        found = alarms.open_alarms(session)
        pinned = readers.current(session)
    print(f"{'terminal':<14} {'state':<9} {'last heard':<20} {'waiting':>7}  {'card reader':<36}  alarms")
    for row in rows:
        waiting = "-" if row.waiting is None else str(row.waiting)
        own = ", ".join(f"{alarm.what} {alarm.detail}" for alarm in found if alarm.terminal == row.id)
        reader = pinned.get(row.id, "-")
        heard = format_second(row.seen_unix)
        print(f"{row.id:<14} {row.state:<9} {heard:<20} {waiting:>7}  {reader:<36}  {own}")
    return 0


def load_fleet(options: argparse.Namespace) -> int:
    """Add the terminals of a CSV file that are not known yet."""
    with open_database(load_settings(options)).write() as session:
        new = terminals.load_fleet(session, options.file)
    print(f"{new} new terminals")
    return 0


def permit_reader(options: argparse.Namespace) -> int:
    """Permit it for as long as a one-time code is valid; return 1 if the terminal is not enrolled."""
    settings = load_settings(options)
    valid_s = settings.enrolment.code_valid_s
    with closing(open_database(settings)) as database, database.write() as session:
        known = readers.permit(session, options.terminal, time.time() + valid_s)
    if not known:
        print(f"{options.terminal} is not enrolled", file=sys.stderr)
        return 1
    print(f"{options.terminal} may pin another card reader in the next {valid_s / 3600:.0f} h")
    return 0
