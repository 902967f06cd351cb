"""Makes one more key to which terminals seal personal data."""

import argparse
from contextlib import closing

from central import known_keys
from central.commands.common import add_data_argument, load_settings, open_database
from central.security import keys, sealing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central rotate-sealing`."""
    add_data_argument(parser)
    parser.add_argument("--algorithm", choices=(sealing.HPKE, sealing.SM), default=sealing.HPKE)


def run(options: argparse.Namespace) -> int:
    """Make the key. Raises KeysError if its library is not installed."""
    settings = load_settings(options)
    with closing(open_database(settings)) as database:
        path = keys.rotate_sealing(settings.data / "keys", options.algorithm)
        known_keys.register(database, keys.load(settings.data / "keys"))
    wait_min = settings.sealing.new_key_after_s / 60
    print(f"{path.name}: made; servers need no restart and hand it to terminals in {wait_min:g} min;")
    print("copy it to central's other machines before")
    return 0
