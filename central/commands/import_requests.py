"""Hands in the requests that a terminal wrote onto a USB stick."""

import argparse

from central.commands.common import add_stick_arguments, load_settings, open_database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central import-requests`."""
    add_stick_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 1 if any request was refused; the others were taken all the same."""
    from central.usb_transfer import open_transfer  # slow to import

    settings = load_settings(options)
    results = list(open_transfer(settings, open_database(settings)).take(options.stick))
    for folder, name, result in results:
        shown = name.removesuffix(".json") if name.isprintable() else ascii(name)  # anybody may have named it
        print(f"{folder} {shown}: {result}")
    print(f"{len(results)} requests")
    return 1 if any(result.startswith("refused") for _, _, result in results) else 0
