"""Serves browsers until it receives SIGTERM."""

import argparse

from permit.commands.common import add_data_argument, load_settings
from permit.commands.init import make_missing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `permit run`."""
    add_data_argument(parser)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8444)
    parser.add_argument("--init", action="store_true", help="make what is missing before, as `permit init`")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises SettingsError, OSError, ValueError."""
    from permit.web.server import serve  # slow to import

    settings = load_settings(options)
    if options.init:
        make_missing(settings)
    serve(settings, options.host, options.port)
    return 0
