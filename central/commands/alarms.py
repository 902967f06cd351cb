"""Lists open alarms (`central alarms`) and accepts, or refuses, those of a terminal."""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing

from sqlalchemy.orm import Session

from central.china_time import format_second
from central.commands.common import add_actions, add_data_argument, load_settings, open_database
from central.fleet import alarms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central alarms`."""
    add_data_argument(parser)
    parser.set_defaults(action=list_alarms)
    add = add_actions(parser, required=False)
    accept = add("accept", accept_alarms, "accept the alarms of a terminal that was looked into")
    refuse = add("refuse", refuse_reviews, "refuse the requests of a terminal that wait as review.held")
    for action in (accept, refuse):
        action.add_argument("terminal")
        action.add_argument("--by", required=True, help="name stored with the alarm")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def list_alarms(options: argparse.Namespace) -> int:
    """Print every open alarm; return 1 if there is one."""
    with closing(open_database(load_settings(options))) as database, database.read() as session:
        found = alarms.open_alarms(session)
    for alarm in found:
        print(f"{format_second(alarm.at_unix)}  {alarm.terminal:<12} {alarm.what:<14} {alarm.detail}")
    print(f"{len(found)} open alarms" if found else "no alarm")
    return 1 if found else 0


def accept_alarms(options: argparse.Namespace) -> int:
    """Accept the open alarms of a terminal; return 1 if it has none."""
    return _settle(options, alarms.accept, "accepted", "no open alarm")


def refuse_reviews(options: argparse.Namespace) -> int:
    """Refuse the held requests of a terminal; return 1 if it has none."""
    return _settle(options, alarms.refuse, "refused", "no request is held")


def _settle(
    options: argparse.Namespace, settle: Callable[[Session, str, str, float], int], done: str, nothing: str
) -> int:
    with closing(open_database(load_settings(options))) as database, database.write() as session:
        count = settle(session, options.terminal, options.by, time.time())
    if not count:
        print(f"{options.terminal}: {nothing}", file=sys.stderr)
        return 1
    print(f"{options.terminal}: {count} {done} by {options.by}")
    return 0
