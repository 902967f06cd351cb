"""The fuzz targets: entry points of terminal and central that are fed with malformed input.

A target is opened in an empty folder and gives a function that runs the case of a seed and returns how it
ended, in a few words. An exception that the entry point does not raise on purpose is a finding; so is a case
that takes longer than `LONGEST_S`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.fuzz import answers, files, media, reader, usb_transfer

RunCase = Callable[[int], str]
Target = Callable[[Path], AbstractContextManager[RunCase]]
LONGEST_S = 60.0
"""Enough for a busy machine, and for schemathesis to make its first body."""


def _plain(run_case: Callable[[Path, int], str]) -> Target:
    return lambda folder: nullcontext(lambda seed: run_case(folder, seed))


def _central(folder: Path) -> AbstractContextManager[RunCase]:
    from tests.fuzz import api  # schemathesis is slow to import

    return api.target(folder)


TARGETS: dict[str, Target] = {
    "reader": _plain(lambda _, seed: reader.run_case(seed)),
    "central": _central,
    "settings": _plain(files.settings),
    "manifest": _plain(files.manifest),
    "logs": _plain(files.logs),
    "staff": _plain(files.staff),
    "answers": _plain(answers.run_case),
    "usb": usb_transfer.target,
    "audio": _plain(media.audio),
    "image": _plain(media.image),
}
