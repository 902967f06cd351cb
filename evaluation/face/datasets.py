"""Which pictures belong to whom, and which were taken together."""

from collections import Counter
from pathlib import Path

from msgspec import Struct

from evaluation import pictures
from evaluation.pictures import Skipped


class Picture(Struct, frozen=True):
    """`take`: pictures of one take are too alike to be compared with each other; `pool`: from these a mean of
    several frames may be drawn. Both are numbers, unique among all people.
    """

    path: Path
    person: int
    take: int
    pool: int


def find(folder: Path) -> tuple[list[Picture], Skipped]:
    """`<person>/<take>/*.jpg` or `<person>/*.jpg`.

    A picture that lies in no take folder is a take of its own; its pool is its person's. A folder that keeps
    `live` beside attacks is read from there: a print of a person is nobody's genuine picture.
    """
    root = folder / "live" if (folder / "live").is_dir() else folder
    skipped: Skipped = Counter()
    found: list[Picture] = []
    numbers: dict[tuple[str, ...], int] = {}
    for path in pictures.files(root, pictures.PHOTOS):
        parts = path.relative_to(root).parts
        if len(parts) < 2:
            skipped["in no person's folder"] += 1
            continue
        take = parts[:-1] if len(parts) > 2 else parts
        keys = (("person", parts[0]), ("take", *take), ("pool", *parts[:-1]))
        found.append(Picture(path, *(numbers.setdefault(key, len(numbers)) for key in keys)))
    return found, skipped
