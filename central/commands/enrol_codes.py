"""Writes one-time codes for many terminals at once: a CSV file, and sheets to print and cut."""

import argparse
import shutil
import time
from contextlib import ExitStack, closing
from pathlib import Path

from central.commands.common import add_data_argument, load_settings, open_database
from central.fleet import terminals
from central.fleet.enrolment_sheets import Card, as_csv, as_page
from central.storage.tables import Terminal, TerminalState

CSV, SHEETS = "codes.csv", "codes.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central enrol-codes`."""
    add_data_argument(parser)
    parser.add_argument("file", type=Path, help="CSV file of terminals, as `central fleet load` reads it")
    parser.add_argument("--to", type=Path, required=True, help=f"new folder, for {CSV} and {SHEETS}")
    parser.add_argument("--days", type=_days, default=14, help="how long the codes are valid (default: 14)")


def run(options: argparse.Namespace) -> int:
    """Write codes of the terminals that are not enrolled; earlier unused codes of these terminals end.

    All or none: the codes hold once the files are written. Raises OSError, ValueError.
    """
    settings, now = load_settings(options), time.time()
    fleet = terminals.read_fleet(options.file)
    until = now + options.days * 24 * 3600
    with ExitStack() as undo:
        with closing(open_database(settings)) as database, database.write() as session:
            new = terminals.add_fleet(session, fleet, options.file)
            rows = [session.get_one(Terminal, name) for name in fleet]
            cards = [
                Card(
                    row.id,
                    row.place,
                    terminals.enrolment_code(session, row.id, None, now, until - now),
                    until,
                )
                for row in rows
                if row.state == TerminalState.EXPECTED
            ]
            options.to.mkdir(mode=0o700)  # never over the codes of another time
            undo.callback(shutil.rmtree, options.to, ignore_errors=True)
            (options.to / CSV).write_text(as_csv(cards), encoding="utf-8-sig", newline="")
            (options.to / SHEETS).write_text(as_page(cards), encoding="utf-8")
        undo.pop_all()
    print(f"{len(cards)} codes in {options.to}; new terminals: {new}")
    for state, told in ((TerminalState.ENROLLED, "enrolled already"), (TerminalState.REVOKED, "revoked")):
        if left_out := [row.id for row in rows if row.state == state]:
            print(f"no code, because {told}: {', '.join(left_out)}")
    return 0


def _days(text: str) -> int:
    """Return a number of days from 1 to 60. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 60):
        raise argparse.ArgumentTypeError("1 to 60")
    return int(text)
