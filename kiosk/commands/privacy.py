"""`kiosk privacy report | erase | receipts`: what this terminal holds of people, and what was erased."""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from kiosk.audit.log import AuditLog, audit_log_path
from kiosk.audit.verify import verify
from kiosk.china_time import format_minute
from kiosk.commands.options import add_actions, read_settings
from kiosk.files import open_regular
from kiosk.privacy.erasure import Eraser
from kiosk.privacy.receipts import ErasureReceipt, read_receipts, visit_history
from kiosk.privacy.report import format_report, report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `kiosk privacy`."""
    add = add_actions(parser)
    reporting = add("report", show_report, "what this terminal holds, of which kind, since and until when")
    erasing = add("erase", erase_due, "erase what is due, and record that it was")
    erasing.add_argument("--due", action="store_true", required=True, help="only what its term has ended for")
    listing = add("receipts", list_receipts, "what was erased, verified with the log it is recorded in")
    listing.add_argument("file", type=Path, nargs="?", help="an export (default: this terminal's own log)")
    listing.add_argument("--visit", help="what became of the data of this visit; its number is on the slip")
    for parser in (reporting, listing):
        parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action; 1 if something could not be read or erased, or the log was changed."""
    try:
        status: int = options.action(options)
    except OSError as error:
        print(f"kiosk privacy: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return status


def show_report(options: argparse.Namespace) -> int:
    """Print what is held; 1 if a part of it cannot be read."""
    found = report(read_settings(options), round(time.time(), 3))
    print(_json(found) if options.json else format_report(found))
    return 0 if all(held.readable for held in found.held) else 1


def erase_due(options: argparse.Namespace) -> int:
    """Erase what is due; 1 if that cannot be recorded."""
    settings = read_settings(options)
    audit = AuditLog(audit_log_path(settings))
    if not audit.flush():
        print(f"kiosk privacy: nothing erased, it could not be written down: {audit.fault.value}")
        return 1
    for item in Eraser(settings, audit).run("command"):
        print(f"{item.span.count} {item.kind}, {item.span.bytes} bytes")
    return 0 if audit.flush() else 1


def list_receipts(options: argparse.Namespace) -> int:
    """Print the receipts, or one visit's history; 1 if the log was changed or the visit is not in it."""
    # The settings are read, and checked, even where an export is named.
    own = audit_log_path(read_settings(options))
    with open_regular(options.file or own) as file:
        lines = file.readlines()
    checked = verify(lines)
    found = visit_history(lines, options.visit) if options.visit else read_receipts(lines)
    if options.json:
        print(_json(found))
    else:
        for one in found:
            text = _format_receipt(one) if isinstance(one, ErasureReceipt) else one.what
            print(f"record {one.seq:>6}  {format_minute(one.at_unix)}  {text}")
        print(checked.summary)
    return 0 if checked.good and (found or not options.visit) else 1


def _format_receipt(one: ErasureReceipt) -> str:
    came = "-"
    if one.from_unix and one.to_unix:
        came = f"{format_minute(one.from_unix)} to {format_minute(one.to_unix)}"
    why = f"{one.days:g} days over" if one.days is not None else "their own end"
    return f"{one.count} {one.kind} of {came}: {why} ({one.by}, run {one.run[:8]})"


def _json(found: object) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
