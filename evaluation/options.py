"""Command-line options that measurements share, and the drivers that are measured."""

import argparse
import sys
import time
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from kiosk import settings as settings_file
from kiosk.codes import Code
from kiosk.errors import ModelError, SettingsError
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.settings import DriverChoice, Settings, driver_class, driver_settings


def add_shared(
    parser: argparse.ArgumentParser, data: str, *, required: bool = True, several: bool = False
) -> None:
    """Add the shared options.

    `data`: help text about the folder; `required`: whether it must be given; `several`: whether there may be
    more than one, which makes `options.data` a list.
    """
    parser.add_argument(
        "--data", type=Path, required=required, nargs="+" if several else None, metavar="DIR", help=data
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw curves and histograms there, as PNG")
    parser.add_argument("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    parser.add_argument(
        "--driver", action="append", metavar="NAME", help="measure only this driver; may be given again"
    )
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")


def data_folder(options: argparse.Namespace) -> Path:
    """Return the folder of `--data`. Raises SettingsError if it is none."""
    folder: Path = options.data
    return _existing(folder)


def data_folders(options: argparse.Namespace) -> list[Path]:
    """Return the folders of `--data`. Raises SettingsError if one is none."""
    return [_existing(folder) for folder in options.data]


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--data {folder}: not a folder")
    return folder


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the file of `--settings`, or the defaults. Raises SettingsError."""
    return settings_file.load(options.settings)


def context(settings: Settings) -> Context:
    """Return the context of drivers that are measured: real models, no devices."""
    folder = settings.path(settings.models.folder)
    return Context(resources=RESOURCES, models=folder, simulation=False, clock=time.monotonic)


def chosen_driver(port: str, choice: DriverChoice, settings: Settings) -> Any:
    """Load the driver of `choice`. Raises SettingsError, ModelError."""
    kind = driver_class(port, choice, settings.file)
    return kind(driver_settings(port, choice, kind.Settings, settings.file), context(settings))


def installed(port: str, choice: DriverChoice, settings: Settings, only: Iterable[str] | None) -> list[Any]:
    """Load all drivers of `port` that can be loaded here, the settings' own first; report the others.

    `only`: names to which this is limited. Raises SettingsError for an unknown one, ModelError if none is
    left.
    """
    first = choice.driver
    known = {point.name for point in entry_points(group=f"kiosk.{port}")} | {first}
    drivers = []
    for name in only or sorted(known, key=lambda name: (name != first, name)):
        try:
            own = choice if name == first else DriverChoice(name, {})
            drivers.append(chosen_driver(port, own, settings))
        except ModelError as error:
            print(f"driver {name} is not measured: {error}", file=sys.stderr)
    if not drivers:
        raise ModelError(Code.MODEL_MISSING, f"no driver of {port} can be measured here")
    return drivers
