"""Makes keys, certificate and database of a new central server."""

import argparse

from central.commands.common import add_data_argument, load_settings, open_database
from central.security import certificates, keys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central init`."""
    add_data_argument(parser)
    parser.add_argument("--host", action="append", help="name or address in the certificate; may be repeated")


def run(options: argparse.Namespace) -> int:
    """Make what is missing and create the database."""
    folder = options.data / "keys"
    keys.make(folder)
    certificates.make(folder, options.host or ["localhost", "127.0.0.1", "::1"])
    open_database(load_settings(options)).close()
    print(f"ready: terminals trust {folder / 'ca.pem'}")
    return 0
