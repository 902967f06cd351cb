"""Compares an export of a terminal's audit log with what central has stored (`central audit`)."""

import argparse
from contextlib import closing
from pathlib import Path

from central.commands.common import add_actions, load_settings, open_database
from central.files import read_regular
from central.fleet import alarms, audit, audit_heads

MAX_EXPORT_BYTES = 1 << 30
"""A terminal writes some 100 MB a year."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central audit`."""
    add = add_actions(parser)
    verify = add("verify", verify_export, "check an export against the stored heads")
    verify.add_argument("file", type=Path)
    verify.add_argument("--terminal", help="whose it is, if the export does not say so")
    forgotten = add("forgotten", list_forgotten, "after a restore: answered requests that the database lacks")
    forgotten.add_argument("file", type=Path)


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def verify_export(options: argparse.Namespace) -> int:
    """Verify an export; return 1 if a record was altered or is missing, or if the terminal is held."""
    header, rows = audit.split(read_regular(options.file, MAX_EXPORT_BYTES))
    terminal = options.terminal or str(header.get("terminal", ""))
    with closing(open_database(load_settings(options))) as database, database.read() as session:
        heads = audit_heads.stored(session, terminal)
        held = alarms.is_held(session, terminal)
    result = audit.check(rows, heads)
    if result.fault:
        print(f"{terminal}: record {result.at}: {result.fault} ({result.records} good records before)")
        return 1
    if held:
        print(f"{terminal}: {result.records} records, unbroken, but the log went back: see central alarms")
        return 1
    met = f"{result.heads_met} of {len(heads)} heads of central's met"
    print(f"{terminal}: {result.records} records, unbroken; {met}")
    return 0


def list_forgotten(options: argparse.Namespace) -> int:
    """Print the visits that the terminal has an answer to and the database lacks; 1 if there are any."""
    header, rows = audit.split(read_regular(options.file, MAX_EXPORT_BYTES))
    answered = audit.settled(rows)
    with closing(open_database(load_settings(options))) as database, database.read() as session:
        missing = audit.forgotten(session, answered)
    for visit, status in answered.items():
        if visit in missing:
            print(f"{visit}  {status}")
    print(
        f"{header.get('terminal', options.file.name)}: {len(missing)} of {len(answered)} answered are missing"
    )
    return 1 if missing else 0
