"""Makes keys, certificate and database of a new central server."""

import argparse
from contextlib import closing

from central import known_keys
from central.commands.common import add_data_argument, load_settings
from central.security import certificates, keys
from central.settings import Settings
from central.storage.database import Database, create_tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central init`."""
    add_data_argument(parser)
    parser.add_argument("--host", action="append", help="name or address in the certificate; may be repeated")


def run(options: argparse.Namespace) -> int:
    """Make what is missing. Raises SchemaError if the database has the tables of another release."""
    make_missing(load_settings(options), options.host)
    print(f"ready: terminals trust {options.data / 'keys' / 'ca.pem'}")
    return 0


def make_missing(settings: Settings, hosts: list[str] | None = None) -> None:
    """Make the keys, the certificate for `hosts` and the tables that are missing. Raises SchemaError."""
    folder = settings.data / "keys"
    keys.make(folder)
    certificates.make(folder, hosts or ["localhost", "127.0.0.1", "::1"])
    with closing(Database(settings.database)) as database:
        create_tables(database.engine)
        known_keys.register(database, keys.load(folder))
