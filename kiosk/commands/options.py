"""Arguments that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path

from kiosk import settings as settings_file
from kiosk.settings import Settings

DEFAULT_SITE_FILE = Path("settings.toml")

Action = Callable[[argparse.Namespace], int]
AddAction = Callable[[str, Action, str], argparse.ArgumentParser]
"""Adds an action of this name, with its summary, and returns its parser."""


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add `--settings`."""
    parser.add_argument(
        "--settings", type=Path, help="the site's TOML file (default: settings.toml in this folder)"
    )


def add_actions(parser: argparse.ArgumentParser, *, settings: bool = True) -> AddAction:
    """Make the command one of actions and return the function that adds one; `options.action` is the chosen.

    With `settings`, `--settings` is accepted before and after the action's name.
    """
    actions = parser.add_subparsers(required=True, metavar="action")
    if settings:
        add_settings(parser)

    def add(name: str, action: Action, summary: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=summary, description=summary)
        added.set_defaults(action=action)
        if settings:
            # The default of the command's own --settings must not be overwritten.
            added.add_argument("--settings", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        return added

    return add


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the site's file, or the defaults alone where none is named and none lies in the working folder.

    Raises SettingsError.
    """
    site: Path | None = options.settings
    if site is None and DEFAULT_SITE_FILE.is_file():
        site = DEFAULT_SITE_FILE
    return settings_file.load(site)
