"""Find pictures of people, and which of them belong together."""

from collections import Counter
from pathlib import Path

from msgspec import Struct

from evaluation import pictures
from evaluation.pictures import Skipped


class FacePicture(Struct, frozen=True, kw_only=True):
    """One picture. `person`, `take` and `pool` are numbers, unique among all people.

    Pictures of one take are too alike to be compared with each other; from the pictures of one pool a mean of
    several frames may be drawn.
    """

    path: Path
    person: int
    take: int
    pool: int


def find(folder: Path) -> tuple[list[FacePicture], Skipped]:
    """Find `<person>/<take>/*.jpg` and `<person>/*.jpg`; return pictures and what was skipped.

    A picture in no take's folder is a take of its own; its pool is its person's. A folder that keeps `live`
    beside attacks is read from there: a print of a person is no genuine picture.
    """
    root = folder / "live" if (folder / "live").is_dir() else folder
    skipped: Skipped = Counter()
    found: list[FacePicture] = []
    numbers: dict[tuple[str, ...], int] = {}
    for path in pictures.find_files(root, pictures.PHOTOS):
        parts = path.relative_to(root).parts
        if len(parts) < 2:
            skipped["in no person's folder"] += 1
            continue
        take = parts[:-1] if len(parts) > 2 else parts
        keys = {"person": parts[:1], "take": take, "pool": parts[:-1]}
        number = {what: numbers.setdefault((what, *key), len(numbers)) for what, key in keys.items()}
        found.append(FacePicture(path=path, **number))
    return found, skipped
