"""Makes one more key to which terminals seal personal data."""

import argparse

from central.commands.common import add_data_argument
from central.security import keys, sealing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central rotate-sealing`."""
    add_data_argument(parser)
    parser.add_argument("--algorithm", choices=(sealing.HPKE, sealing.SM), default=sealing.HPKE)


def run(options: argparse.Namespace) -> int:
    """Make the key. Raises KeysError if its library is not installed."""
    path = keys.rotate_sealing(options.data / "keys", options.algorithm)
    print(f"{path.name}: made; start central again, and terminals take it with their next contact")
    return 0
