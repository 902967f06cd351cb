"""Verifies an export of a terminal's audit log (`central audit verify`)."""

import argparse
from contextlib import closing
from pathlib import Path

from central.commands.common import add_actions, load_settings, open_database
from central.fleet import alarms, audit, audit_heads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central audit`."""
    verify = add_actions(parser)("verify", verify_export, "check an export against the stored heads")
    verify.add_argument("file", type=Path)
    verify.add_argument("--terminal", help="whose it is, if the export does not say so")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def verify_export(options: argparse.Namespace) -> int:
    """Verify an export; return 1 if a record was altered or is missing, or if the terminal is held."""
    header, rows = audit.split(options.file.read_bytes())
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
