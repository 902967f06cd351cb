"""Presentations to the camera: live people, and attacks of several species; recorded or simulated."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation import pictures
from evaluation.attacks import SPECIES, make
from evaluation.pictures import Skipped
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.ports import Image
from kiosk.simulators.head import SimulatedHead

LIVE = "live"
SIMULATED_LIVE = "head (simulated, live)"
"""A live person made by the same renderer, without which scores of simulated attacks would mean little."""

_FRAMES, _EVERY_S = 10, 0.2


class Presentation(Struct, frozen=True, kw_only=True):
    """Frames that were taken together. `group`: who or what is presented; its presentations are alike.

    `files`: photos, or one video; `simulated`: or the portrait that it is made from, and a seed.
    """

    species: str
    group: str
    files: tuple[Path, ...] = ()
    simulated: tuple[Path, int] | None = None


def find(folder: Path) -> list[Presentation]:
    """Find `live/` and one folder for each species; below, photos and videos, in folders of people and takes.

    Photos of one folder were taken together, but those that lie loose in the species' folder were not.
    Raises SettingsError without `live`.
    """
    if not (folder / LIVE).is_dir():
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--data {folder}: there is no folder `live`")
    species = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    return [presentation for one in species for presentation in _find_species(one)]


def _find_species(folder: Path) -> Iterator[Presentation]:
    together: dict[Path, list[Path]] = defaultdict(list)
    for path in pictures.find_files(folder, pictures.PHOTOS):
        together[path if path.parent == folder else path.parent].append(path)
    for video in pictures.find_files(folder, pictures.VIDEOS):
        together[video].append(video)
    for place, files in together.items():
        yield Presentation(species=folder.name, group=place.relative_to(folder).parts[0], files=tuple(files))


def simulated(portraits: list[Path], count: int, seed: int) -> list[Presentation]:
    """Simulate live heads and all species of attacks, from `count` portraits drawn by `seed`."""
    order = np.random.default_rng(seed).permutation(len(portraits))[:count]
    names = (SIMULATED_LIVE, *(f"{name} (simulated)" for name in SPECIES))
    return [
        Presentation(species=name, group=f"portrait {i}", simulated=(portraits[i], seed + int(i)))
        for i in order
        for name in names
    ]


def frames(one: Presentation, every: int, models: Path, skipped: Skipped) -> Iterator[Image]:
    """Yield pictures, of videos every n-th; what cannot be read or made is counted in `skipped`."""
    if one.simulated is not None:
        yield from _render(one, models, skipped)
        return
    for path in one.files:
        seen = 0
        for image in _read(path, every):
            seen += 1
            yield image
        if not seen:
            skipped[pictures.UNREADABLE] += 1


def is_live(species: str) -> bool:
    """Return whether the species is no attack."""
    return species in (LIVE, SIMULATED_LIVE)


def _read(path: Path, every: int) -> Iterator[Image]:
    if path.suffix.lower() in pictures.VIDEOS:
        yield from pictures.read_frames(path, every)
    elif (image := pictures.read_photo(path)) is not None:
        yield image


def _render(one: Presentation, models: Path, skipped: Counter[str]) -> Iterator[Image]:
    assert one.simulated is not None
    path, seed = one.simulated
    photo = pictures.read_photo(path)
    if photo is None:
        skipped[pictures.UNREADABLE] += 1
        return
    name = one.species.split(" ")[0]
    try:
        shown = (
            SimulatedHead(photo, seed=seed, models=models)
            if name not in SPECIES
            else make(name, photo, seed=seed, models=models)
        )
    except ValueError:
        skipped["portrait without a face"] += 1
        return
    for i in range(_FRAMES):
        yield shown.render(i * _EVERY_S, mouth=0.4 * (i % 3 == 1))
