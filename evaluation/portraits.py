"""Portrait photos from which simulations are made."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from evaluation import pictures
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.ports import Image
from kiosk.settings import Settings


def add_simulation_options(parser: argparse.ArgumentParser, *, trials: str, people: int) -> None:
    """Add options of a measurement that is simulated as a whole.

    `trials`: help text of `--simulate`; `people`: default number of photos.
    """
    add = parser.add_argument
    add("--simulate", type=int, required=True, metavar="N", help=trials)
    add("--portraits", type=Path, metavar="DIR", help="photos (default: bundled ones)")
    add("--people", type=int, default=people, help=f"use at most this many photos (default: {people})")
    add("--json", type=Path, metavar="FILE", help="write the whole result there")
    add("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    add("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")


def portrait_folder(options: argparse.Namespace, settings: Settings) -> Path:
    """Return the folder of `--portraits`, by default the bundled photos."""
    folder: Path = options.portraits or settings.path(settings.models.folder) / "people"
    return folder


def no_portraits(folder: Path, detail: str = "no photo there") -> SettingsError:
    """Return the error about a folder without usable photos."""
    return SettingsError(Code.SETTINGS_BAD_VALUE, f"--portraits {folder}: {detail}")


def find_portraits(folder: Path) -> list[Path]:
    """Return all photos below `folder`; none if it does not exist."""
    return pictures.find_files(folder, pictures.PHOTOS) if folder.is_dir() else []


def read_portraits(paths: list[Path], people: int) -> Iterator[Image]:
    """Read photos evenly spread over the list, about `people` of them; unreadable ones are left out."""
    for path in paths[:: max(1, len(paths) // max(1, people))]:
        photo = pictures.read_photo(path)
        if photo is not None:
            yield photo
