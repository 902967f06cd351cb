"""Arguments that several commands share, and the database that `--data` names."""

import argparse
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from central.protocol.messages import TERMINAL
from central.settings import Settings, load
from central.storage.database import Database, migrate

Action = Callable[[argparse.Namespace], int]
AddAction = Callable[[str, Action, str], argparse.ArgumentParser]
"""Adds an action of this name, with its summary, and returns its parser."""


def add_actions(parser: argparse.ArgumentParser, *, required: bool = True) -> AddAction:
    """Make the command one of actions and return the function that adds one; `options.action` is the chosen.

    Each action accepts `--data`.
    """
    actions = parser.add_subparsers(required=required, metavar="ACTION")

    def add(name: str, action: Action, summary: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
        added.set_defaults(action=action)
        add_data_argument(added)
        return added

    return add


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data`, the folder of keys and database."""
    parser.add_argument("--data", type=Path, default=Path("var/central"), help="folder of keys and database")


def add_stick_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of a USB stick, `--data` and `--simulation`."""
    add_data_argument(parser)
    parser.add_argument("stick", type=Path, help="folder of the USB stick")
    parser.add_argument("--simulation", action="store_true", help="if the server runs in simulation")


def terminal_name(text: str) -> str:
    """Return `text` if it may name a terminal. Raises ArgumentTypeError."""
    if not re.fullmatch(TERMINAL, text):
        raise argparse.ArgumentTypeError("letters, digits and . _ - only, 64 at most")
    return text


def load_settings(options: argparse.Namespace) -> Settings:
    """Return the settings of `--data`, `--simulation` and the environment's DATABASE_URL."""
    return load(options.data, os.environ.get("DATABASE_URL", ""), getattr(options, "simulation", False))


def open_database(settings: Settings) -> Database:
    """Open the database of `settings`, with its tables brought up to date."""
    database = Database(settings.database)
    migrate(database.engine)
    return database


def format_time(unix: float | None) -> str:
    """Return a time as `2026-07-20 10:00:00` (UTC), or "-"."""
    return "-" if unix is None else datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S")
