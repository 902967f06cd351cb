"""Serves terminals until it receives SIGTERM."""

import argparse
from pathlib import Path

from central.commands.common import add_data_argument, load_settings
from central.security import keys, process_hardening


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central run`."""
    add_data_argument(parser)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8443, help="0: any free one")
    parser.add_argument("--cert", type=Path, help="default: <data>/keys/server.pem")
    parser.add_argument("--key", type=Path, help="default: <data>/keys/server.key")
    parser.add_argument(
        "--simulation", action="store_true", help="simulated terminals and register are accepted"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises KeysError, SettingsError, OSError."""
    from central.api.server import serve  # slow to import

    folder = options.data / "keys"
    certificate, key = options.cert or folder / "server.pem", options.key or folder / "server.key"
    keys.read_secret(key)
    if not options.simulation:
        process_hardening.no_dumps()
    serve(load_settings(options), options.host, options.port, certificate, key)
    return 0
