"""`kiosk enrol`: make this terminal's key and enrol it at central, with the card reader that is connected."""

import argparse
import sys
from getpass import getpass
from pathlib import Path

from kiosk.activation import identity
from kiosk.audit.facts import key_facts, reader_facts
from kiosk.audit.log import AuditLog, audit_log_path
from kiosk.audit.record import RecordKind
from kiosk.commands.connected_reader import connected_reader, describe_reader
from kiosk.commands.options import add_settings, read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk enrol`."""
    add_settings(parser)
    parser.add_argument("--code", help="the one-time code from central's staff (default: asked for)")
    parser.add_argument("--ca", type=Path, help="PEM that central's certificate must chain to")


def run(options: argparse.Namespace) -> int:
    """Enrol, and record that in the audit log.

    Raises SettingsError, DeviceError (no card reader), IdentityError, CentralError.
    """
    settings = read_settings(options)
    reader = connected_reader(settings)
    enrolled = identity.enrol(
        settings.central.url,
        options.ca or settings.path(settings.central.ca),
        settings.terminal.id,
        options.code or _read_code(),
        settings.path(settings.terminal.identity),
        identity.make_key_store(settings),
        reader=reader,
    )
    facts = {**key_facts(enrolled.terminal, enrolled.store.public()), **reader_facts(reader)}
    AuditLog(audit_log_path(settings)).append(RecordKind.TERMINAL_ENROLLED, facts=facts)
    print(f"terminal {enrolled.terminal} is enrolled: {enrolled.place or 'no place given'}")
    print(f"card reader: {describe_reader(reader)}")
    return 0


def _read_code() -> str:
    """Read from the keyboard without echo, or from a pipe: every user can see a process's arguments."""
    return getpass("one-time code: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
