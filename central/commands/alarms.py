"""`central alarms` and `central fleet show`: what somebody at central has to look into."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from central.fleet import alarms
from central.storage.database import Database
from central.storage.tables import Terminal

Opened = Callable[[argparse.Namespace], Database]


def add(actions: Any, data: argparse.ArgumentParser, opened: Opened) -> None:
    """`central alarms [accept TERMINAL --by WHO]`. `opened` opens the database of the arguments."""
    parser = actions.add_parser(
        "alarms", parents=[data], help="what needs a person; status 1 if there is anything (for monitoring)"
    )
    parser.set_defaults(action=lambda options: _list(opened(options)))
    accept = parser.add_subparsers(metavar="ACTION").add_parser(
        "accept", parents=[data], help="a terminal was looked into; it may go on"
    )
    accept.add_argument("terminal")
    accept.add_argument("--by", required=True, help="who answers for it; kept beside the alarm")
    accept.set_defaults(action=lambda options: _accept(options, opened(options)))


def add_show(fleet: Any, data: argparse.ArgumentParser, opened: Opened) -> None:
    """`central fleet show`."""
    show = fleet.add_parser("show", parents=[data], help="every terminal, when it was heard, its alarms")
    show.set_defaults(action=lambda options: _show(opened(options)))


def _list(database: Database) -> int:
    with database.read() as session:
        found = alarms.open_alarms(session)
    database.close()
    for alarm in found:
        print(f"{_time(alarm.at_unix)}  {alarm.terminal:<12} {alarm.what:<14} {alarm.detail}")
    print(f"{len(found)} open alarms" if found else "no alarm")
    return 1 if found else 0


def _accept(options: argparse.Namespace, database: Database) -> int:
    with database.write() as session:
        count = alarms.accept(session, options.terminal, options.by, time.time())
    database.close()
    if not count:
        print(f"{options.terminal}: no open alarm", file=sys.stderr)
        return 1
    print(f"{options.terminal}: {count} accepted by {options.by}")
    return 0


def _show(database: Database) -> int:
    with database.read() as session:
        rows = list(session.scalars(select(Terminal).order_by(Terminal.id)))
        found = alarms.open_alarms(session)
    database.close()
    print(f"{'terminal':<14} {'state':<9} {'last heard (UTC)':<20} {'waiting':>7}  alarms")
    for row in rows:
        waiting = "-" if row.waiting is None else str(row.waiting)
        own = ", ".join(f"{a.what} {a.detail}" for a in found if a.terminal == row.id)
        print(f"{row.id:<14} {row.state:<9} {_time(row.seen_unix):<20} {waiting:>7}  {own}")
    return 0


def _time(unix: float | None) -> str:
    return "-" if unix is None else datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S")
