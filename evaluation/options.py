"""Arguments that the measurements on pictures share, and the drivers they are measured with."""

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


def add_shared(parser: argparse.ArgumentParser, data: str, *, required: bool = True) -> None:
    """`data` says what the folder must hold; `required`: whether there is nothing else to measure."""
    parser.add_argument("--data", type=Path, required=required, metavar="DIR", help=data)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw curves and histograms there, as PNG")
    parser.add_argument("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    parser.add_argument(
        "--driver", action="append", metavar="NAME", help="measure only this driver; may be given again"
    )
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")


def data_folder(options: argparse.Namespace) -> Path:
    """Raises SettingsError if it is not a folder."""
    folder: Path = options.data
    if not folder.is_dir():
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--data {folder}: not a folder")
    return folder


def read_settings(options: argparse.Namespace) -> Settings:
    return settings_file.load(options.settings)


def context(settings: Settings) -> Context:
    """Surroundings of drivers that are measured: real models, no devices."""
    folder = settings.path(settings.models.folder)
    return Context(resources=RESOURCES, models=folder, simulation=False, clock=time.monotonic)


def chosen_driver(port: str, choice: DriverChoice, settings: Settings) -> Any:
    """The one driver that the settings name. Raises SettingsError, ModelError."""
    made = driver_class(port, choice, settings.file)
    return made(driver_settings(port, choice, made.Settings, settings.file), context(settings))


def installed(port: str, choice: DriverChoice, settings: Settings, only: Iterable[str] | None) -> list[Any]:
    """All drivers of `port` that can be made here, the settings' own first; the others are told.

    `only`: names to which this is limited. Raises SettingsError for an unknown one; ModelError if none is
    left.
    """
    names = list(only or _names(port, choice.driver))
    drivers = [made for name in names if (made := _made(port, _choice(choice, name), settings)) is not None]
    if not drivers:
        raise ModelError(Code.MODEL_MISSING, f"no driver of {port} can be measured here")
    return drivers


def _names(port: str, first: str) -> list[str]:
    found = {point.name for point in entry_points(group=f"kiosk.{port}")} | {first}
    return sorted(found, key=lambda name: (name != first, name))


def _choice(choice: DriverChoice, name: str) -> DriverChoice:
    return choice if name == choice.driver else DriverChoice(name, {})


def _made(port: str, choice: DriverChoice, settings: Settings) -> Any | None:
    try:
        return chosen_driver(port, choice, settings)
    except ModelError as error:
        print(f"driver {choice.driver} is not measured: {error}", file=sys.stderr)
        return None
