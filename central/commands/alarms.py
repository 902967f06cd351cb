"""Lists open alarms (`central alarms`) and accepts those of a terminal (`central alarms accept`)."""

import argparse
import sys
import time
from contextlib import closing

from central.commands.common import add_actions, add_data_argument, format_time, load_settings, open_database
from central.fleet import alarms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central alarms`."""
    add_data_argument(parser)
    parser.set_defaults(action=list_alarms)
    add = add_actions(parser, required=False)
    accept = add("accept", accept_alarms, "accept the alarms of a terminal that was looked into")
    accept.add_argument("terminal")
    accept.add_argument("--by", required=True, help="name stored with the alarm")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def list_alarms(options: argparse.Namespace) -> int:
    """Print every open alarm; return 1 if there is one."""
    with closing(open_database(load_settings(options))) as database, database.read() as session:
        found = alarms.open_alarms(session)
    for alarm in found:
        print(f"{format_time(alarm.at_unix)}  {alarm.terminal:<12} {alarm.what:<14} {alarm.detail}")
    print(f"{len(found)} open alarms" if found else "no alarm")
    return 1 if found else 0


def accept_alarms(options: argparse.Namespace) -> int:
    """Accept the open alarms of a terminal; return 1 if it has none."""
    with closing(open_database(load_settings(options))) as database, database.write() as session:
        count = alarms.accept(session, options.terminal, options.by, time.time())
    if not count:
        print(f"{options.terminal}: no open alarm", file=sys.stderr)
        return 1
    print(f"{options.terminal}: {count} accepted by {options.by}")
    return 0
