"""Arguments that several commands share, and the database that `--data` and `--database` name."""

import argparse
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from central.protocol.messages import TERMINAL
from central.settings import SQLITE, Settings, SettingsError, load
from central.storage.database import Database, check_schema

if TYPE_CHECKING:
    from central.storage.private_cluster import PrivateCluster

CLUSTER = "postgresql"
"""The folder of the private PostgreSQL cluster in the data folder."""
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
    """Add `--data`, the folder of keys and database, and `--database`."""
    parser.add_argument("--data", type=Path, default=Path("var/central"), help="folder of keys and database")
    parser.add_argument(
        "--database",
        metavar="sqlite|postgresql|URL",
        help="sqlite: a file in the folder; postgresql: a private server in the folder; "
        "default: the environment's DATABASE_URL, else what the folder has, else sqlite",
    )


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
    """Return the settings of `--data`, `--database` and `--simulation`.

    A private PostgreSQL server is started for them and stopped with `options.at_end`. Raises SettingsError,
    ClusterError.
    """
    return load(options.data, _database_url(options), getattr(options, "simulation", False))


def open_database(settings: Settings) -> Database:
    """Open the database of `settings`. Raises SchemaError if it has not the tables of this release."""
    database = Database(settings.database)
    check_schema(database.engine)
    return database


def _database_url(options: argparse.Namespace) -> str:
    """Return the URL of the chosen database; "" for SQLite in the data folder."""
    chosen: str = options.database or os.environ.get("DATABASE_URL", "") or _database_of(options.data)
    if chosen == "sqlite":
        return ""
    if chosen == "postgresql":
        at_end: ExitStack = options.at_end
        return at_end.enter_context(_private_cluster(options.data)).url()
    try:
        address = make_url(chosen)
    except ArgumentError:
        raise SettingsError("--database: neither sqlite nor postgresql nor a URL") from None
    if options.database and address.password is not None:
        raise SettingsError("--database: others can see this password; set DATABASE_URL instead")
    return chosen


def _database_of(data: Path) -> str:
    """Return which database a data folder has. Raises SettingsError if it has two."""
    cluster = (data / CLUSTER).exists()
    if cluster and (data / SQLITE).exists():
        raise SettingsError(f"{data}: has {SQLITE} and {CLUSTER}; choose with --database")
    return "postgresql" if cluster else "sqlite"


def _private_cluster(data: Path) -> "PrivateCluster":
    try:
        from central.storage.private_cluster import PrivateCluster
    except ModuleNotFoundError:
        raise SettingsError("PostgreSQL needs the extra 'postgresql'") from None
    return PrivateCluster(data / CLUSTER)
