"""`kiosk audit verify | export | restart`."""

import argparse
import sys
import time
from pathlib import Path

import msgspec

from kiosk.audit import log as audit_log
from kiosk.audit.log import AuditLog, path_of
from kiosk.audit.record import Kind
from kiosk.audit.verify import Header, Report, verify
from kiosk.model import Measures
from kiosk.settings import Settings


def add_to(parser: argparse.ArgumentParser) -> None:
    """The arguments of `kiosk audit`."""
    parser.add_argument("action", choices=("verify", "export", "restart"), help="see docs/audit.md")
    parser.add_argument("file", type=Path, nargs="?", help="an export; default: this terminal's own log")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """0: as it was written. 1: it was changed, or is not there."""
    actions = {"verify": _verify, "export": _export, "restart": _restart}
    try:
        return actions[options.action](options.file, settings)
    except OSError as error:
        print(f"kiosk audit: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _verify(file: Path | None, settings: Settings) -> int:
    report = _read(file or path_of(settings))
    print(told(report))
    return 0 if report.good else 1


def told(report: Report) -> str:
    """One line for people."""
    if report.good:
        return f"{report.records} records, unbroken; head {report.head.seq} {report.head.hash}"
    return f"record {report.at}: {report.fault} ({report.records} good records before)"


def _read(path: Path) -> Report:
    with path.open("rb") as file:
        return verify(file)


def _export(file: Path | None, settings: Settings) -> int:
    """Copies the log under a header; writes to the file, or to standard output."""
    log = AuditLog(path_of(settings))
    head = log.head
    header = Header(1, settings.terminal.id, round(time.time(), 3), head.seq, head.hash)
    data = msgspec.json.encode(header) + b"\n" + log.path.read_bytes()
    if file is None:
        sys.stdout.buffer.write(data)
        return 0
    file.write_bytes(data)
    print(f"{file}: {head.seq} records, head {head.hash}")
    return 0


def _restart(_: Path | None, settings: Settings) -> int:
    """Only for a damaged log: it is kept beside, and the new one begins by saying so."""
    path = path_of(settings)
    report = _read(path)
    if report.good:
        print("the log is unbroken; nothing to do")
        return 0
    kept = audit_log.set_aside(path, time.time())
    facts: Measures = {"records": report.records, "head": report.head.hash, "broken": report.at}
    AuditLog(path).append(Kind.AUDIT_RESTARTED, facts=facts)
    print(f"kept as {kept.name}; a new log has begun")
    return 0
