"""`kiosk privacy report | erase | receipts`."""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from kiosk.audit.log import AuditLog
from kiosk.audit.log import path_of as audit_path
from kiosk.audit.verify import verify
from kiosk.commands.audit import told as verdict
from kiosk.privacy.erasure import Eraser
from kiosk.privacy.receipts import Receipt, of_visit, read
from kiosk.privacy.report import day, report, told
from kiosk.settings import Settings


def add_to(parser: argparse.ArgumentParser) -> None:
    """The arguments of `kiosk privacy`."""
    actions = parser.add_subparsers(required=True, metavar="action", dest="action")
    shown = actions.add_parser("report", help="what this terminal holds, of which kind, since and until when")
    erase = actions.add_parser("erase", help="erase what is due, and write down that it was")
    erase.add_argument("--due", action="store_true", required=True, help="only what its term has ended for")
    given = actions.add_parser("receipts", help="what was erased, verified with the log it stands in")
    given.add_argument("file", type=Path, nargs="?", help="an export; default: this terminal's own log")
    given.add_argument("--visit", help="what became of the data of this visit; its number is on the slip")
    for one in (shown, erase, given):
        one.add_argument("--settings", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    for one in (shown, given):
        one.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """0: done. 1: something could not be read or erased, or the log was changed."""
    actions = {"report": _report, "erase": _erase, "receipts": _receipts}
    try:
        return actions[options.action](options, settings)
    except OSError as error:
        print(f"kiosk privacy: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _report(options: argparse.Namespace, settings: Settings) -> int:
    found = report(settings, round(time.time(), 3))
    print(_json(found) if options.json else told(found))
    return 0 if all(one.readable for one in found.held) else 1


def _erase(_: argparse.Namespace, settings: Settings) -> int:
    audit = AuditLog(audit_path(settings))
    if not audit.flush():
        print(f"kiosk privacy: nothing erased, it could not be written down: {audit.fault.value}")
        return 1
    for item in Eraser(settings, audit).run("command"):
        print(f"{item.span.count} {item.kind}, {item.span.bytes} bytes")
    return 0 if audit.flush() else 1


def _receipts(options: argparse.Namespace, settings: Settings) -> int:
    lines = (options.file or audit_path(settings)).read_bytes().splitlines(keepends=True)
    checked = verify(lines)
    found = of_visit(lines, options.visit) if options.visit else read(lines)
    if options.json:
        print(_json(found))
    else:
        for one in found:
            told = _line(one) if isinstance(one, Receipt) else f"{day(one.at_unix)}  {one.what}"
            print(f"record {one.seq:>6}  {told}")
        print(verdict(checked))
    return 0 if checked.good and (found or not options.visit) else 1


def _line(one: Receipt) -> str:
    came = f"{day(one.from_unix)} to {day(one.to_unix)}" if one.from_unix and one.to_unix else "-"
    why = f"{one.days:g} days over" if one.days is not None else "their own end"
    return f"{day(one.at_unix)}  {one.count} {one.kind} of {came}: {why} ({one.by}, run {one.run[:8]})"


def _json(found: object) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
