"""`kiosk report`: the day at this terminal, to the screen, into a file or onto the receipt printer."""

import argparse
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from kiosk.activation.outbox_retention import OUTBOX_FILE, take_inventory
from kiosk.commands.options import add_settings, read_settings
from kiosk.drivers import driver_context, make_driver
from kiosk.errors import DeviceError, OutboxError
from kiosk.files import write_whole
from kiosk.model import DayReport, Language
from kiosk.printing.a4 import encode_report
from kiosk.printing.output_formats import DocumentEncoder
from kiosk.printing.text_layout import format_lines
from kiosk.settings import Settings
from kiosk.staff.day_summary import DaySummary, format_csv, summarise_day, to_day_report
from kiosk.staff.daybook import Daybook

FORMS = (".pdf", ".png", ".csv", ".txt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk report`."""
    add_settings(parser)
    parser.add_argument("--day", type=date.fromisoformat, help="YYYY-MM-DD (default: today)")
    parser.add_argument("--to", type=output_file, metavar="FILE", help="write it: .pdf, .png, .csv or .txt")
    parser.add_argument("--print", action="store_true", help="on the receipt printer")
    parser.add_argument(
        "--language", choices=[language.value for language in Language], default=Language.ZH_HANS.value
    )


def run(options: argparse.Namespace) -> int:
    """Report; 1 if the queue cannot be read or the report not written or printed. Raises SettingsError."""
    settings = read_settings(options)
    terminal = settings.terminal
    try:
        day = read_day(settings, options.day)
        report = to_day_report(
            day,
            terminal=terminal.id,
            place=terminal.place,
            at_unix=time.time(),
            language=options.language,
        )
        if options.to is not None:
            write_whole(options.to, make_document(options.to.suffix, day, report))
        if options.print:
            print_report(settings, report)
    except (OSError, DeviceError, OutboxError) as error:
        print(f"kiosk report: {error}", file=sys.stderr)
        return 1
    if options.to is None and not options.print:
        print("\n".join(format_lines(report, columns=48)))
    return 0


def read_day(settings: Settings, wanted: date | None) -> DaySummary:
    """Return the summary of a day, with what is in the queue now. Raises OutboxError for the latter."""
    folder = settings.path(settings.storage.folder)
    queue = take_inventory(folder / OUTBOX_FILE)
    return summarise_day(
        Daybook(folder / "staff"),
        wanted,
        waiting=queue.waiting.count + queue.pending.count,
        wedged=queue.wedged.count,
    )


def make_document(suffix: str, day: DaySummary, report: DayReport) -> bytes:
    """Return the content of a file with this suffix."""
    if suffix == ".csv":
        return format_csv(day).encode("utf-8-sig")
    if suffix == ".pdf":
        return encode_report(report)
    form: Any = "text" if suffix == ".txt" else suffix[1:]
    return DocumentEncoder(form, "80mm", "").encode(report)


def print_report(settings: Settings, report: DayReport) -> None:
    """Print on the receipt printer. Raises DeviceError."""
    printer = make_driver(settings, "printer", driver_context(settings))
    try:
        printer.open()
        printer.print(report)
    finally:
        printer.close()


def output_file(text: str) -> Path:
    """Return the path of `--to`. Raises ArgumentTypeError for a suffix that cannot be written."""
    path = Path(text)
    if path.suffix not in FORMS:
        raise argparse.ArgumentTypeError(f"{text}: a name that ends in {', '.join(FORMS)}")
    return path
