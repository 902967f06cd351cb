"""Find pictures of people, and which of them belong together."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from evaluation import pictures
from evaluation.pictures import Skipped
from kiosk.codes import Code
from kiosk.errors import SettingsError

PERSON, NOT_RECORDED = "person", "not recorded"
Groups = dict[tuple[str, str], set[int]]
"""Attribute (sex, age, skin …) and value → numbers of people."""


class FacePicture(Struct, frozen=True, kw_only=True):
    """One picture. `person`, `take` and `pool` are numbers, unique among all people.

    `source`: number of the folder that it was found in; `name`: of the person's folder, in no report.

    Pictures of one take are too alike to be compared with each other; from the pictures of one pool a mean of
    several frames may be drawn.
    """

    path: Path
    person: int
    take: int
    pool: int
    source: int = 0
    name: str = ""


def find(folders: Sequence[Path]) -> tuple[list[FacePicture], Skipped]:
    """Find `<person>/<take>/*.jpg` and `<person>/*.jpg`; return pictures and what was skipped.

    A picture in no take's folder is a take of its own; its pool is its person's. A folder that keeps `live`
    beside attacks is read from there: a print of a person is no genuine picture. The pictures of a take come
    in the order of the numbers in their names.
    """
    skipped: Skipped = Counter()
    found: list[FacePicture] = []
    numbers: dict[tuple[str, ...], int] = {}
    for source, folder in enumerate(folders):
        root = folder / "live" if (folder / "live").is_dir() else folder
        for path in sorted(pictures.find_files(root, pictures.PHOTOS), key=_in_order):
            parts = path.relative_to(root).parts
            if len(parts) < 2:
                skipped["in no person's folder"] += 1
                continue
            take = parts[:-1] if len(parts) > 2 else parts
            keys = {"person": parts[:1], "take": take, "pool": parts[:-1]}
            number = {
                what: numbers.setdefault((what, str(source), *key), len(numbers))
                for what, key in keys.items()
            }
            found.append(FacePicture(path=path, source=source, name=parts[0], **number))
    return found, skipped


def half(found: Sequence[FacePicture], which: int) -> list[FacePicture]:
    """Return every second person's pictures, from person `which` (1, 2) of each folder on."""
    people: dict[int, list[int]] = {}
    for picture in found:
        known = people.setdefault(picture.source, [])
        if picture.person not in known:
            known.append(picture.person)
    chosen = {person for known in people.values() for person in known[which - 1 :: 2]}
    return [picture for picture in found if picture.person in chosen]


def read_groups(file: Path, found: Sequence[FacePicture]) -> Groups:
    """Return who is of which group: `person` and one column for each attribute, separated by tabs.

    People whom the table does not name, and empty cells, are "not recorded". Raises SettingsError.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            table = csv.DictReader(lines, delimiter="\t")
            attributes = [name for name in table.fieldnames or () if name != PERSON]
            rows = {row[PERSON]: row for row in table}
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--groups {file}: no table with {PERSON}") from error
    people = {picture.person: picture.name for picture in found}
    groups: Groups = {}
    for attribute in attributes:
        for person, name in people.items():
            value = (rows.get(name, {}).get(attribute) or "").strip() or NOT_RECORDED
            groups.setdefault((attribute, value), set()).add(person)
    return dict(sorted(groups.items()))


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Sort by the numbers in a name: frame 28 comes before frame 127."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
