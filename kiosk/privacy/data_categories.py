"""What ends by itself: the kinds of data that a term of `[retention]` or their own date erases.

What was not delivered is no stock of these: nothing here can erase it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kiosk.activation import inventory
from kiosk.audit.log import audit_log_path
from kiosk.model import StoredAmount
from kiosk.settings import Settings

DAY_S = 86_400.0


class DataCategory(Protocol):
    """Things of one kind. Both raise OSError or OutboxError."""

    def due(self, before: float) -> StoredAmount:
        """What came before that time."""

    def erase(self, before: float) -> None:
        """It is gone from the disk's folders when this returns; nothing left to erase is no fault."""


class Term:
    """A stock, how long it is kept, and which setting says so. `days` None: each thing has its own end."""

    def __init__(self, kind: str, stock: DataCategory, setting: str, days: float | None) -> None:
        self.kind = kind
        self.stock = stock
        self.setting = setting
        self.days = days

    def before(self, now: float) -> float:
        """What is older is due."""
        return now - (self.days or 0.0) * DAY_S


class Files:
    """Files of a folder, by the time they were last written."""

    def __init__(self, folder: Path, *patterns: str) -> None:
        self._folder = folder
        self._patterns = patterns

    def all(self) -> StoredAmount:
        return self.due(float("inf"))

    def due(self, before: float) -> StoredAmount:
        found = [one.stat() for one in self._found() if one.stat().st_mtime < before]
        times = [one.st_mtime for one in found]
        size = sum(one.st_size for one in found)
        return StoredAmount(len(found), size, min(times, default=None), max(times, default=None))

    def erase(self, before: float) -> None:
        for path in self._found():
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
        if self._folder.is_dir():
            _flush(self._folder)

    def _found(self) -> Iterator[Path]:
        for pattern in self._patterns:
            yield from (path for path in sorted(self._folder.glob(pattern)) if path.is_file())


class _InOutbox:
    def __init__(
        self, file: Path, due: Callable[[Path, float], StoredAmount], erase: Callable[[Path, float], None]
    ) -> None:
        self._file, self._due, self._erase = file, due, erase

    def due(self, before: float) -> StoredAmount:
        return self._due(self._file, before)

    def erase(self, before: float) -> None:
        if self._file.exists():
            self._erase(self._file, before)


def outbox_of(settings: Settings) -> Path:
    """Where this terminal's requests are."""
    return settings.path(settings.storage.folder) / inventory.OUTBOX_FILE


def visits(settings: Settings) -> Files:
    return Files(settings.path(settings.storage.folder) / "visits", "*.jsonl")


def daybooks(settings: Settings) -> Files:
    return Files(settings.path(settings.storage.folder) / "staff", "day-*.jsonl")


def reports(settings: Settings) -> Files:
    """Day reports that were saved where no stick was."""
    return Files(settings.path(settings.storage.folder) / "reports", "*")


def set_aside(settings: Settings) -> Files:
    log = audit_log_path(settings)
    return Files(log.parent, f"{log.name}.damaged-*")


def slips(settings: Settings) -> Files | None:
    """None: slips are not kept in a folder."""
    options = settings.printer.options
    if settings.printer.driver != "file" or options.get("form") not in ("png", "pdf"):
        return None
    # As the driver reads it: relative to the working folder.
    return Files(Path(str(options.get("path", ""))), "????-????-????-????.png", "????-????-????-????.pdf")


def terms(settings: Settings) -> list[Term]:
    """All that is erased when its time has come."""
    keep, file = settings.retention, outbox_of(settings)
    receipts = _InOutbox(file, inventory.delivered_before, inventory.erase_delivered)
    challenges = _InOutbox(file, inventory.challenges_before, inventory.erase_challenges)
    found = [
        Term("receipts", receipts, "[retention] receipts_days", keep.receipts_days),
        Term("challenges", challenges, "their own end, by central", None),
        Term("visit logs", visits(settings), "[retention] visits_days", keep.visits_days),
        Term("day books", daybooks(settings), "[retention] daybook_days", keep.daybook_days),
        Term("day reports", reports(settings), "[retention] daybook_days", keep.daybook_days),
        Term("audit logs set aside", set_aside(settings), "[retention] set_aside_days", keep.set_aside_days),
    ]
    kept = slips(settings)
    if kept is not None:
        found.append(Term("slips", kept, "[retention] slips_days", keep.slips_days))
    return found


def _flush(folder: Path) -> None:
    """The names are gone after a power cut too."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
