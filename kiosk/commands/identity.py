"""`kiosk identity show | rotate`: this terminal's key."""

import argparse
import time
from hashlib import sha256

from kiosk.activation import identity
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.rotation import rotate
from kiosk.audit.facts import key_facts
from kiosk.audit.log import AuditLog, audit_log_path
from kiosk.audit.record import RecordKind
from kiosk.commands.options import add_actions, read_settings
from kiosk.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `kiosk identity`."""
    add = add_actions(parser)
    add("show", show_key, "show the terminal's name and the hash of its public key")
    add("rotate", rotate_key, "exchange the key for a new one at central")


def run(options: argparse.Namespace) -> int:
    """Run the chosen action. Raises SettingsError, IdentityError, CentralError."""
    status: int = options.action(options)
    return status


def show_key(options: argparse.Namespace) -> int:
    """Print the terminal's name and the beginning of its key's hash."""
    _print_key(_load(read_settings(options)))
    return 0


def rotate_key(options: argparse.Namespace) -> int:
    """Exchange the key for a new one at central, record that, and print the new key."""
    settings = read_settings(options)
    enrolled, central = _load(settings), settings.central
    client = HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
    key = rotate(client, enrolled, time.time)
    AuditLog(audit_log_path(settings)).append(
        RecordKind.IDENTITY_ROTATED, facts=key_facts(enrolled.terminal, key)
    )
    client.close()
    _print_key(enrolled)
    return 0


def _load(settings: Settings) -> Identity:
    return identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))


def _print_key(enrolled: Identity) -> None:
    print(f"terminal {enrolled.terminal}, key {sha256(enrolled.store.public()).hexdigest()[:16]}")
