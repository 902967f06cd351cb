"""Administers the clerks and supervisors of the terminals."""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing

from sqlalchemy.orm import Session

from central.commands.common import add_data_argument, load_settings, open_database, terminal_name
from central.fleet import clerks

Change = Callable[[Session, argparse.Namespace, float], str]
"""Changes the database, given the arguments and the time, and returns the text to print."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central clerk`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def add(name: str, change: Change, summary: str, *, number: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
        add_data_argument(made)
        if number:
            made.add_argument("number", help="as `central clerk list` shows it")
        made.set_defaults(change=change)
        return made

    new = add("add", add_clerk, "add a clerk; prints number and PIN, once", number=False)
    new.add_argument("terminal", type=terminal_name, nargs="+")
    new.add_argument("--supervisor", action="store_true")
    terminals = add("terminals", assign_terminals, "assign to these terminals and no others")
    terminals.add_argument("terminal", type=terminal_name, nargs="+")
    add("disable", disable, "take off every roster")
    add("role", change_role, "change the role").add_argument("role", choices=clerks.ROLES)
    add("reset-pin", reset_pin, "make a new PIN and key, printed once; also unlocks, and enables again")
    add("unlock", unlock, "unlock after too many wrong PINs")
    add("list", list_clerks, "list all clerks", number=False)


def run(options: argparse.Namespace) -> int:
    """Run the chosen action; return 1 if the clerk or terminal is not known."""
    with closing(open_database(load_settings(options))) as database:
        try:
            with database.write() as session:
                output = options.change(session, options, time.time())
        except clerks.NotFound as error:
            print(f"not known: {error}", file=sys.stderr)
            return 1
    print(output)
    return 0


def add_clerk(session: Session, options: argparse.Namespace, now: float) -> str:
    """Add a clerk or supervisor at these terminals."""
    role = "supervisor" if options.supervisor else "clerk"
    number, pin = clerks.add(session, options.terminal, role, now)
    return f"number {number}\nPIN    {pin}"


def assign_terminals(session: Session, options: argparse.Namespace, now: float) -> str:
    """Assign the clerk to these terminals and no others."""
    clerks.assign(session, options.number, options.terminal, now)
    return f"{options.number}: {' '.join(options.terminal)}"


def disable(session: Session, options: argparse.Namespace, now: float) -> str:
    """Take the clerk off every roster."""
    clerks.disable(session, options.number, now)
    return f"{options.number}: disabled; terminals learn it with their next roster"


def change_role(session: Session, options: argparse.Namespace, now: float) -> str:
    """Change the clerk's role."""
    clerks.change_role(session, options.number, options.role, now)
    return f"{options.number}: {options.role}"


def reset_pin(session: Session, options: argparse.Namespace, now: float) -> str:
    """Give the clerk a new PIN."""
    return f"PIN    {clerks.reset_pin(session, options.number, now)}"


def unlock(session: Session, options: argparse.Namespace, now: float) -> str:
    """Let terminals forget the clerk's wrong PINs."""
    clerks.unlock(session, options.number, now)
    return f"{options.number}: unlocked; terminals learn it with their next roster"


def list_clerks(session: Session, _: argparse.Namespace, __: float) -> str:
    """Return one line for each clerk: number, role, state, terminals."""
    return (
        "\n".join(
            f"{clerk.number:<8} {clerk.role:<11} {clerk.state:<9} {' '.join(clerk.terminals)}"
            for clerk in clerks.list_all(session)
        )
        or "nobody"
    )
