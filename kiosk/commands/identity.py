"""`kiosk identity show | rotate | reader`: this terminal's key and its card reader."""

import argparse
import time
from contextlib import closing
from hashlib import sha256

from kiosk.activation import identity
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.pinned_reader import pin
from kiosk.activation.rotation import rotate
from kiosk.audit.facts import key_facts, reader_facts
from kiosk.audit.log import AuditLog, audit_log_path
from kiosk.audit.record import RecordKind
from kiosk.commands.connected_reader import connected_reader, describe_reader
from kiosk.commands.options import add_actions, read_settings
from kiosk.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `kiosk identity`."""
    add = add_actions(parser)
    add("show", show_key, "show the terminal's name, the hash of its public key and its card reader")
    add("rotate", rotate_key, "exchange the key for a new one at central")
    add("reader", pin_reader, "pin the connected card reader, after central has permitted it")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action. Raises SettingsError, IdentityError, CentralError."""
    status: int = options.action(options)
    return status


def show_key(options: argparse.Namespace) -> int:
    """Print the terminal's name, the beginning of its key's hash, and the card reader that is pinned."""
    enrolled = _load(read_settings(options))
    _print_key(enrolled)
    print(f"card reader: {describe_reader(enrolled.reader)}")
    return 0


def rotate_key(options: argparse.Namespace) -> int:
    """Exchange the key for a new one at central, record that, and print the new key."""
    settings = read_settings(options)
    enrolled = _load(settings)
    with closing(_client(settings)) as client:
        key = rotate(client, enrolled, time.time)
    AuditLog(audit_log_path(settings)).append(
        RecordKind.IDENTITY_ROTATED, facts=key_facts(enrolled.terminal, key)
    )
    _print_key(enrolled)
    return 0


def pin_reader(options: argparse.Namespace) -> int:
    """Pin the connected card reader at central and here, and record that.

    Stop the terminal before, which has the reader, and start it afterwards. Raises DeviceError, too.
    """
    settings = read_settings(options)
    enrolled, reader = _load(settings), connected_reader(settings)
    with closing(_client(settings)) as client:
        pin(client, enrolled, reader, time.time)
    AuditLog(audit_log_path(settings)).append(RecordKind.READER_PINNED, facts=reader_facts(reader))
    print(f"card reader: {describe_reader(reader)}")
    return 0


def _client(settings: Settings) -> HttpClient:
    central = settings.central
    return HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)


def _load(settings: Settings) -> Identity:
    return identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))


def _print_key(enrolled: Identity) -> None:
    print(f"terminal {enrolled.terminal}, key {sha256(enrolled.store.public()).hexdigest()[:16]}")
