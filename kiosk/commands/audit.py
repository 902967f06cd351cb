"""`kiosk audit verify | export | restart`: the log of what happened at this terminal; see docs/audit.md."""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from kiosk.audit.log import AuditLog, audit_log_path, set_aside
from kiosk.audit.record import RecordKind
from kiosk.audit.verify import ExportHeader, VerificationReport, verify
from kiosk.commands.options import add_actions, read_settings
from kiosk.files import open_regular, write_whole
from kiosk.model import Measures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `kiosk audit`."""
    add = add_actions(parser)
    verifying = add("verify", verify_log, "check this terminal's log or an export; status 1: it was changed")
    verifying.add_argument("file", type=Path, nargs="?", help="an export (default: this terminal's own log)")
    exporting = add("export", export_log, "copy the log, under a header that names terminal and head")
    exporting.add_argument("file", type=Path, nargs="?", help="where to (default: standard output)")
    add("restart", restart_log, "set a damaged log aside and begin a new one")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action; 1 if the log was changed or cannot be read. Raises SettingsError, AuditError."""
    try:
        status: int = options.action(options)
    except OSError as error:
        print(f"kiosk audit: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return status


def verify_log(options: argparse.Namespace) -> int:
    """Check the log or an export and print the first fault."""
    # The settings are read, and checked, even where an export is named.
    own = audit_log_path(read_settings(options))
    report = _read(options.file or own)
    print(report.summary)
    return 0 if report.good else 1


def export_log(options: argparse.Namespace) -> int:
    """Write the log, under a header with its head, to a file or to standard output."""
    settings, file = read_settings(options), options.file
    log = AuditLog(audit_log_path(settings))
    head = log.head
    header = ExportHeader(
        audit=1, terminal=settings.terminal.id, at_unix=round(time.time(), 3), seq=head.seq, head=head.hash
    )
    data = msgspec.json.encode(header) + b"\n" + log.path.read_bytes()
    if file is None:
        sys.stdout.buffer.write(data)
        return 0
    write_whole(file, data)
    print(f"{file}: {head.seq} records, head {head.hash}")
    return 0


def restart_log(options: argparse.Namespace) -> int:
    """Set a damaged log aside and begin a new one, whose first record says so."""
    path = audit_log_path(read_settings(options))
    report = _read(path)
    if report.good:
        print("the log is unbroken; nothing to do")
        return 0
    kept = set_aside(path, time.time())
    facts: Measures = {"records": report.records, "head": report.head.hash, "broken": report.at}
    AuditLog(path).append(RecordKind.AUDIT_RESTARTED, facts=facts)
    print(f"kept as {kept.name}; a new log has begun")
    return 0


def _read(path: Path) -> VerificationReport:
    with open_regular(path) as file:
        return verify(file)
