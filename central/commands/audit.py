"""Verifies an export of a terminal's audit log (`central audit verify`)."""

import argparse
from contextlib import closing
from pathlib import Path

from central.commands.common import add_data_argument, load_settings, open_database
from central.fleet import alarms, audit, audit_heads

SUMMARY = "terminals' audit logs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verify = parser.add_subparsers(required=True, metavar="ACTION").add_parser(
        "verify", help="check an export against the heads that central kept"
    )
    add_data_argument(verify)
    verify.add_argument("file", type=Path)
    verify.add_argument("--terminal", help="whose it is, if the export does not say so")


def run(options: argparse.Namespace) -> int:
    """Return 1 if a record was altered or is missing, or if the terminal is held."""
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
