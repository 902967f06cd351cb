"""Writes receipts, challenges and rosters for terminals without a line onto a USB stick."""

import argparse
import time

from central.commands.common import add_stick_arguments, load_settings, open_database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central export-receipts`."""
    add_stick_arguments(parser)
    parser.add_argument("--challenges", type=int, default=100, help="new digits for each terminal on it")


def run(options: argparse.Namespace) -> int:
    """Write the answers and print how many receipts each terminal gets."""
    from central.usb_transfer import open_transfer  # slow to import

    settings = load_settings(options)
    transfer = open_transfer(settings, open_database(settings))
    for terminal, count in transfer.answer(options.stick, options.challenges, time.time()):
        print(f"{terminal}: {count} receipts")
    return 0
