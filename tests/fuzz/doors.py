"""What a door is to the fuzzer, and the list of all of them.

A door is opened in an empty folder and gives `one`: the case of a seed, and the word for how it ended. What a
door does not mean to raise is a finding; so is a case that takes longer than `LONGEST_S`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.fuzz import files, parcel, reader, senses, wire

One = Callable[[int], str]
Door = Callable[[Path], AbstractContextManager[One]]
LONGEST_S = 60.0
"""On a busy machine, and with what schemathesis takes to make its first body."""


def _plain(one: Callable[[Path, int], str]) -> Door:
    return lambda folder: nullcontext(lambda seed: one(folder, seed))


def _central(folder: Path) -> AbstractContextManager[One]:
    from tests.fuzz import api  # schemathesis is slow to import

    return api.door(folder)


DOORS: dict[str, Door] = {
    "reader": _plain(lambda _, seed: reader.one(seed)),
    "central": _central,
    "settings": _plain(files.settings),
    "manifest": _plain(files.manifest),
    "logs": _plain(files.logs),
    "staff": _plain(files.staff),
    "wire": _plain(wire.one),
    "parcel": parcel.door,
    "audio": _plain(senses.audio),
    "image": _plain(senses.image),
}
