"""The categories of data that are erased when their retention ends, each by `[retention]` or its own date.

A request that was not delivered is in none of these categories: nothing here can erase it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from kiosk.activation import outbox_retention
from kiosk.audit.log import audit_log_path
from kiosk.files import sync_folder
from kiosk.model import StoredAmount
from kiosk.settings import Settings

DAY_S = 86_400.0


class DataCategory(Protocol):
    """Data of one kind. Both methods raise OSError or OutboxError."""

    def due(self, before: float) -> StoredAmount:
        """Return what came before that time."""

    def erase(self, before: float) -> None:
        """Erase what came before that time; nothing left to erase is no error."""


class RetentionTerm:
    """A category, how long it is kept, and by which setting. `days` None: each item has its own end."""

    def __init__(self, kind: str, data: DataCategory, *, setting: str, days: float | None) -> None:
        self.kind = kind
        self.data = data
        self.setting = setting
        self.days = days

    def before(self, now: float) -> float:
        """Return the time before which data is due."""
        return now - (self.days or 0.0) * DAY_S


class StoredFiles:
    """Files of a folder, by the time they were last written."""

    def __init__(self, folder: Path, *patterns: str) -> None:
        self._folder = folder
        self._patterns = patterns

    def all(self) -> StoredAmount:
        """Return what there is, of any age."""
        return self.due(float("inf"))

    def due(self, before: float) -> StoredAmount:
        """Return what was written before that time. Raises OSError."""
        stats = [stat for _, stat in self._files() if stat.st_mtime < before]
        times = [stat.st_mtime for stat in stats]
        size = sum(stat.st_size for stat in stats)
        return StoredAmount(
            count=len(stats),
            bytes=size,
            first_unix=min(times, default=None),
            last_unix=max(times, default=None),
        )

    def erase(self, before: float) -> None:
        """Delete what was written before that time, so that it is gone after a power cut too."""
        for path, stat in self._files():
            if stat.st_mtime < before:
                path.unlink(missing_ok=True)
        with suppress(OSError):
            sync_folder(self._folder)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield what is there; a file that another process erases meanwhile is left out."""
        for path in (path for pattern in self._patterns for path in sorted(self._folder.glob(pattern))):
            with suppress(FileNotFoundError):
                if path.is_file():
                    yield path, path.stat()


class OutboxRows:
    """Rows of the outbox, counted and erased by functions of `kiosk.activation.outbox_retention`."""

    def __init__(
        self, file: Path, due: Callable[[Path, float], StoredAmount], erase: Callable[[Path, float], None]
    ) -> None:
        self._file, self._due, self._erase = file, due, erase

    def due(self, before: float) -> StoredAmount:
        """Return what ended before that time. Raises OutboxError."""
        return self._due(self._file, before)

    def erase(self, before: float) -> None:
        """Erase what ended before that time. Raises OutboxError."""
        if self._file.exists():
            self._erase(self._file, before)


def outbox_path(settings: Settings) -> Path:
    """Return the path of this terminal's outbox."""
    return settings.path(settings.storage.folder) / outbox_retention.OUTBOX_FILE


def visit_logs(settings: Settings) -> StoredFiles:
    """Return the logs of the visits."""
    return StoredFiles(settings.path(settings.storage.folder) / "visits", "*.jsonl")


def measured_visits(settings: Settings) -> StoredFiles:
    """Return the whole logs of visits, with what was measured."""
    return StoredFiles(settings.path(settings.storage.folder) / "measures", "*.jsonl")


def daybooks(settings: Settings) -> StoredFiles:
    """Return the day books of the staff panel."""
    return StoredFiles(settings.path(settings.storage.folder) / "staff", "day-*.jsonl")


def day_reports(settings: Settings) -> StoredFiles:
    """Return the day reports that were saved where there was no USB stick."""
    return StoredFiles(settings.path(settings.storage.folder) / "reports", "*")


def damaged_audit_logs(settings: Settings) -> StoredFiles:
    """Return the damaged audit logs that were set aside."""
    log = audit_log_path(settings)
    return StoredFiles(log.parent, f"{log.name}.damaged-*")


def saved_slips(settings: Settings) -> StoredFiles | None:
    """Return the slips that the printer driver keeps in a folder; None for any other driver."""
    options = settings.printer.options
    if settings.printer.driver != "file" or options.get("form") not in ("png", "pdf"):
        return None
    # As the driver reads it: relative to the working folder.
    folder = Path(str(options.get("path", "")))
    return StoredFiles(folder, "????-????-????-????.png", "????-????-????-????.pdf")


def retention_terms(settings: Settings) -> list[RetentionTerm]:
    """Return every category that is erased when its time has come."""
    keep, file = settings.retention, outbox_path(settings)
    receipts = OutboxRows(file, outbox_retention.delivered_before, outbox_retention.erase_delivered)
    challenges = OutboxRows(file, outbox_retention.challenges_before, outbox_retention.erase_challenges)
    damaged = damaged_audit_logs(settings)
    named: dict[str, tuple[DataCategory | None, str, float | None]] = {
        "receipts": (receipts, "[retention] receipts_days", keep.receipts_days),
        "challenges": (challenges, "their own end, by central", None),
        "visit logs": (visit_logs(settings), "[retention] visits_days", keep.visits_days),
        "visit measures": (measured_visits(settings), "[retention] measures_days", keep.measures_days),
        "day books": (daybooks(settings), "[retention] daybook_days", keep.daybook_days),
        "day reports": (day_reports(settings), "[retention] daybook_days", keep.daybook_days),
        "audit logs set aside": (damaged, "[retention] set_aside_days", keep.set_aside_days),
        "slips": (saved_slips(settings), "[retention] slips_days", keep.slips_days),
    }
    return [
        RetentionTerm(kind, data, setting=setting, days=days)
        for kind, (data, setting, days) in named.items()
        if data is not None
    ]
