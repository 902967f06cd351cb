"""Shows what central holds of people, erases what is due, and verifies the receipts of erasing."""

import argparse
import json
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from central.china_time import format_minute
from central.commands.common import add_actions, load_settings, open_database
from central.files import read_regular
from central.privacy import retention
from central.privacy.inventory import inventory
from central.privacy.retention import ErasureReceipt
from central.security import keys

MAX_RECEIPTS_BYTES = 1 << 28
"""A receipt has some 500 bytes, and a day some receipts."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central privacy`."""
    add = add_actions(parser)
    report = add("report", report_inventory, "report by kind: how much, since and until when")
    erase = add("erase", erase_due, "erase what is due; the server does it daily")
    erase.add_argument("--due", action="store_true", required=True, help="only what its term has ended for")
    receipts = add("receipts", verify_receipts, "verify and print what was erased")
    receipts.add_argument("--raw", action="store_true", help="the signed tokens, one a line")
    receipts.add_argument("--file", type=Path, help="verify tokens of this file instead of the database's")
    for action in (report, receipts):
        action.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action."""
    status: int = options.action(options)
    return status


def report_inventory(options: argparse.Namespace) -> int:
    """Print each kind of data with count, times and what ends it."""
    settings = load_settings(options)
    with closing(open_database(settings)) as database, database.read() as session:
        found = list(inventory(session, settings.retention))
    if options.json:
        print(json.dumps([asdict(category) for category in found], indent=2))
        return 0
    for one in found:
        times = f"{_format_minute(one.since_unix)}  {_format_minute(one.until_unix)}"
        print(f"{one.kind:<22}{one.count:>9}  {times}  {one.ends:<34}{one.holds}")
    return 0


def erase_due(options: argparse.Namespace) -> int:
    """Erase what is due now and print the receipts."""
    settings = load_settings(options)
    with closing(open_database(settings)) as database:
        key = keys.load(settings.data / "keys").challenge
        for receipt in retention.erase(database, key, settings.retention, time.time(), "command"):
            print(format_receipt(receipt))
    return 0


def verify_receipts(options: argparse.Namespace) -> int:
    """Verify the chain of receipts and print it; return 1 if one of them was altered or is missing."""
    settings = load_settings(options)
    with closing(open_database(settings)) as database, database.read() as session:
        key = keys.load(settings.data / "keys").challenge.public_key()
        tokens = (
            read_regular(options.file, MAX_RECEIPTS_BYTES).decode("ascii").split()
            if options.file
            else retention.tokens(session)
        )
    if options.raw:
        print("\n".join(tokens))
        return 0
    try:
        receipts = retention.verify(tokens, key)
    except retention.ReceiptsAltered as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(receipt) for receipt in receipts], indent=2))
        return 0
    for receipt in receipts:
        print(format_receipt(receipt))
    print(f"{len(receipts)} receipts, unbroken")
    return 0


def format_receipt(receipt: ErasureReceipt) -> str:
    """Return one line that says what was erased, when, and by whom."""
    return (
        f"{receipt.seq:>6}  {_format_minute(receipt.at_unix)}  {receipt.count} {receipt.kind} of "
        f"{_format_minute(receipt.from_unix)} to {_format_minute(receipt.to_unix)}: "
        f"{receipt.days:g} days ({receipt.by})"
    )


def _format_minute(unix: float | None) -> str:
    return format_minute(unix).ljust(16)
