"""Commands of `central`, one module each.

Every module has `SUMMARY` (one line for `central --help`), `add_arguments` and `run`. What is slow to import
(the web framework) is imported inside of `run`, so that the other commands start quickly.
"""

import argparse
from typing import Protocol


class Command(Protocol):
    """Interface of a command's module."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments, or its subcommands, to `parser`."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return its exit status: 0 done, 1 refused.

        Raises SettingsError, KeysError, LookupError, ValueError, OSError or SQLAlchemyError where settings,
        keys or database cannot be used.
        """
