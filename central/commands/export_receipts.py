"""Writes receipts, challenges and rosters for terminals without a line onto a USB stick."""

import argparse
import time

from central.commands.common import add_stick_arguments, load_settings, open_database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central export-receipts`."""
    add_stick_arguments(parser)
    parser.add_argument("--challenges", type=int, default=100, help="new digits for each terminal on it")


def run(options: argparse.Namespace) -> int:
    """Write the answers and print how many receipts each terminal gets; return 1 if one cannot get any."""
    from central.usb_transfer import open_transfer  # slow to import

    settings = load_settings(options)
    transfer = open_transfer(settings, open_database(settings))
    results = list(transfer.answer(options.stick, options.challenges, time.time()))
    for terminal, result in results:
        print(f"{terminal}: {result}")
    return 1 if any(result.startswith("refused") for _, result in results) else 0
