"""Loads the list of terminals (`central fleet load`), shows their state, lets one pin another card reader."""

import argparse
import json
import sys
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from central.china_time import format_minute, format_second
from central.commands.common import add_actions, load_settings, open_database, terminal_name
from central.fleet import alarms, readers, terminals
from central.storage.tables import Terminal, TerminalState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central fleet`."""
    add = add_actions(parser)
    show = add("show", show_fleet, "show every terminal with its last heartbeat and alarms")
    show.add_argument(
        "--faults",
        action="store_true",
        help="only those that are silent, out of service, lack a device, or have an alarm",
    )
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
    """Print one line for each terminal: state, last heartbeat, what it said then, reader, open alarms."""
    settings = load_settings(options)
    with closing(open_database(settings)) as database, database.read() as session:
        rows = list(session.scalars(select(Terminal).order_by(Terminal.id)))
        found = alarms.open_alarms(session)
        pinned = readers.current(session)
    if options.faults:
        heard_since, alarmed = (
            time.time() - settings.observability.terminal_seen_s,
            {a.terminal for a in found},
        )
        rows = [row for row in rows if row.id in alarmed or _is_faulty(row, heard_since)]
    titles = f"{'terminal':<14} {'state':<9} {'last heard':<20} {'waiting':>7}  {'card reader':<36}"
    print(f"{titles}  {'out of service':<40}  {'devices':<30}  alarms")
    for row in rows:
        waiting = "-" if row.waiting is None else str(row.waiting)
        own = ", ".join(f"{alarm.what} {alarm.detail}" for alarm in found if alarm.terminal == row.id)
        reader = pinned.get(row.id, "-")
        heard = format_second(row.seen_unix)
        shown = f"{row.id:<14} {row.state:<9} {heard:<20} {waiting:>7}  {reader:<36}"
        out = f"{row.out_code} since {format_minute(row.out_since_unix)}" if row.out_code else "-"
        faults = ", ".join(f"{name} {code}" for name, code in json.loads(row.devices or "{}").items()) or "-"
        print(f"{shown}  {out:<40}  {faults:<30}  {own}")
    return 0


def _is_faulty(row: Terminal, heard_since_unix: float) -> bool:
    """Return whether an enrolled terminal is silent, out of service, or lacks a device."""
    if row.state != TerminalState.ENROLLED:
        return False
    return (row.seen_unix or 0.0) < heard_since_unix or bool(row.out_code) or row.devices not in (None, "{}")


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
