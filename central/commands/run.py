"""Serves terminals until it receives SIGTERM."""

import argparse
from contextlib import closing
from pathlib import Path

from central import known_keys
from central.commands.common import add_data_argument, load_settings, open_database
from central.commands.init import make_missing
from central.logging_setup import FORMS
from central.security import keys, process_hardening
from central.settings import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central run`."""
    add_data_argument(parser)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8443, help="0: any free one")
    parser.add_argument("--workers", type=_count, default=1, help="processes; more than one need PostgreSQL")
    parser.add_argument("--init", action="store_true", help="make what is missing before, as `central init`")
    parser.add_argument("--cert", type=Path, help="default: <data>/keys/server.pem")
    parser.add_argument("--key", type=Path, help="default: <data>/keys/server.key")
    parser.add_argument("--log", choices=FORMS, default="auto", help="auto: JSON, but text on a screen")
    parser.add_argument(
        "--simulation", action="store_true", help="simulated terminals and register are accepted"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises KeysError, SettingsError, SchemaError, OSError."""
    from central.api.server import serve  # slow to import

    settings = load_settings(options)
    if options.workers > 1 and settings.database.startswith("sqlite"):
        raise SettingsError("--workers: SQLite has one writer; more than one worker needs PostgreSQL")
    if options.init:
        make_missing(settings)
    folder = options.data / "keys"
    certificate, key = options.cert or folder / "server.pem", options.key or folder / "server.key"
    keys.read_secret(key)
    found = keys.load(folder)
    with closing(open_database(settings)) as database:
        known_keys.register(database, found)
    if not options.simulation:
        process_hardening.no_dumps()
    serve(
        settings,
        options.host,
        options.port,
        certificate,
        key,
        workers=options.workers,
        log=options.log,
    )
    return 0


def _count(text: str) -> int:
    """Return a number of processes. Raises ValueError, which argparse tells."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number, at least 1")
    return int(text)
