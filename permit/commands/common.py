"""Arguments that several commands share."""

import argparse
import os
from pathlib import Path

from permit.settings import Settings, load


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data` and `--simulation`."""
    parser.add_argument(
        "--data", type=Path, default=Path("var/permit"), help="folder of settings, keys and database"
    )
    parser.add_argument("--simulation", action="store_true", help="simulated registry and messages")


def load_settings(options: argparse.Namespace) -> Settings:
    """Return the settings; the database is the environment's DATABASE_URL, else SQLite.

    Raises SettingsError.
    """
    return load(options.data, os.environ.get("DATABASE_URL", ""), options.simulation)
