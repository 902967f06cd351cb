"""`central clerk …`: head office looks after the people behind the counters."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from central.fleet import clerks
from central.storage.database import Database
from central.storage.tables import Clerk

Change = Callable[[Session, argparse.Namespace, float], str]


def add(
    actions: Any,
    data: argparse.ArgumentParser,
    terminal: Callable[[str], str],
    opened: Callable[[argparse.Namespace], Database],
) -> None:
    """The subcommands. `opened` opens the database of the arguments."""
    people = actions.add_parser("clerk", help="clerks and supervisors of the terminals")
    commands = people.add_subparsers(required=True, metavar="ACTION")

    def command(name: str, change: Change, text: str, *, number: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, parents=[data], help=text)
        if number:
            made.add_argument("number", help="as `central clerk list` shows it")
        made.set_defaults(action=lambda options: _do(change, options, opened(options)))
        return made

    new = command("add", _add, "a new clerk; prints number and PIN, once", number=False)
    new.add_argument("terminal", type=terminal, nargs="+")
    new.add_argument("--supervisor", action="store_true")
    place = command("terminals", _place, "at these terminals from now on, and no others")
    place.add_argument("terminal", type=terminal, nargs="+")
    command("disable", _disable, "may not sign in any more")
    command("role", _role, "what they may do").add_argument("role", choices=clerks.ROLES)
    command("reset-pin", _reset_pin, "a new PIN, printed once; also unlocks, and enables again")
    command("unlock", _unlock, "after too many wrong PINs")
    command("list", _list, "everybody", number=False)


def _do(change: Change, options: argparse.Namespace, database: Database) -> int:
    try:
        with database.write() as session:
            said = change(session, options, time.time())
    except clerks.Unknown as error:
        print(f"not known: {error}", file=sys.stderr)
        return 1
    finally:
        database.close()
    print(said)
    return 0


def _add(session: Session, options: argparse.Namespace, now: float) -> str:
    role = "supervisor" if options.supervisor else "clerk"
    number, pin = clerks.add(session, options.terminal, role, now)
    return f"number {number}\nPIN    {pin}"


def _place(session: Session, options: argparse.Namespace, now: float) -> str:
    clerks.place(session, options.number, options.terminal, now)
    return f"{options.number}: {' '.join(options.terminal)}"


def _disable(session: Session, options: argparse.Namespace, now: float) -> str:
    clerks.disable(session, options.number, now)
    return f"{options.number}: disabled; terminals learn it with their next roster"


def _role(session: Session, options: argparse.Namespace, now: float) -> str:
    clerks.give_role(session, options.number, options.role, now)
    return f"{options.number}: {options.role}"


def _reset_pin(session: Session, options: argparse.Namespace, now: float) -> str:
    return f"PIN    {clerks.reset_pin(session, options.number, now)}"


def _unlock(session: Session, options: argparse.Namespace, now: float) -> str:
    clerks.unlock(session, options.number, now)
    return f"{options.number}: unlocked; terminals learn it with their next roster"


def _list(session: Session, _: argparse.Namespace, __: float) -> str:
    return "\n".join(_row(clerk, at) for clerk, at in clerks.listed(session)) or "nobody"


def _row(clerk: Clerk, at: list[str]) -> str:
    state = "disabled" if clerk.disabled_unix else "active"
    return f"{clerk.number:<8} {clerk.role:<11} {state:<9} {' '.join(at)}"
