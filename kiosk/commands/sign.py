"""`kiosk sign`: the sign at the entrance as an A4 page, made from the settings."""

import argparse
import sys
import time
from pathlib import Path

from kiosk.codes import Code
from kiosk.commands.options import add_settings, read_settings
from kiosk.errors import SettingsError
from kiosk.files import write_whole
from kiosk.printing.a4 import draw_one_page, encode_pdf
from kiosk.printing.sign import sign_sections


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk sign`."""
    add_settings(parser)
    parser.add_argument("--to", type=Path, metavar="FILE", default=Path("sign.pdf"), help="default: sign.pdf")


def run(options: argparse.Namespace) -> int:
    """Write the page and print where; 1 if it cannot be written.

    Raises SettingsError without an operator's name and contact.
    """
    settings = read_settings(options)
    if not (settings.operator.name and settings.operator.contact):
        detail = "[operator] name and contact are needed: the sign must say who operates the terminal"
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{settings.file}: {detail}")
    page = draw_one_page(sign_sections(settings))
    try:
        write_whole(options.to, encode_pdf([page], time.time()))
    except OSError as error:
        print(f"kiosk sign: {options.to}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{options.to}: print it on A4 and put it up at the entrance")
    return 0
