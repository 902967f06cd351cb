"""Report what the terminal holds, by kind: how much, since when, until when, by which setting, where.

Counts, sizes, times, folders; never a name, never the number of a visit, a clerk or a person. It only reads,
so it works beside a running terminal and on the folder of one that is switched off.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from kiosk.activation.identity import CA_FILE, ENROLMENT_FILE
from kiosk.activation.outbox_retention import Inventory, take_inventory
from kiosk.audit.log import audit_log_path
from kiosk.audit.record import decode
from kiosk.china_time import format_minute
from kiosk.errors import UNREADABLE, OutboxError
from kiosk.model import StoredAmount
from kiosk.privacy import data_categories
from kiosk.privacy.data_categories import DAY_S, StoredFiles
from kiosk.privacy.erasure import PLAN_FILE
from kiosk.privacy.receipts import ErasureReceipt, read_receipts
from kiosk.settings import Settings
from kiosk.staff.languages import LANGUAGES_FILE
from kiosk.staff.roster import LOCKS_FILE, ROSTER_FILE


class HeldData(Struct, frozen=True, kw_only=True):
    """One kind. `until_unix`: when the last of what is there now will be gone; None: `ends` says when."""

    kind: str
    holds: str  # in how far it is about people
    count: int
    bytes: int
    since_unix: float | None = None
    until_unix: float | None = None
    ends: str  # which setting or event ends it
    where: str
    readable: bool = True

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of its row in the table for people."""
        count = str(self.count) if self.readable else "unreadable"
        until = format_minute(self.until_unix) if self.until_unix else "-"
        since = format_minute(self.since_unix) if self.since_unix else "-"
        return self.kind, count, str(self.bytes), since, until, self.ends, self.where, self.holds


class PrivacyReport(Struct, frozen=True, kw_only=True):
    """`in_memory`: what is only there during a visit, and is on no disk."""

    terminal: str
    at_unix: float
    held: tuple[HeldData, ...]
    erased: tuple[ErasureReceipt, ...]
    in_memory: str = "card, typed text, face pictures, embeddings, sound: during a visit only, on no disk"


SEALED = "personal, sealed to central's key"
NUMBERS = "visit numbers, codes and times"
MEASURES = "visit numbers, and measures of face, voice and card"
CLERKS = "clerks' numbers and keys wrapped with PINs"
NOTHING = "nothing personal"
OUR_KEYS = "this terminal's keys"
_EXPLAINED = (
    "outbox.sqlite3*",
    PLAN_FILE,
    "reports/*",
    "visits/*.jsonl",
    "measures/*.jsonl",
    "staff/day-*.jsonl",
    f"staff/{ROSTER_FILE}",
    f"staff/{LOCKS_FILE}",
    f"staff/{LANGUAGES_FILE}",
    "audit/audit.log",
    "audit/audit.log.damaged-*",
)
"""Files of the storage folder that some row of the report counts."""


def report(settings: Settings, now: float) -> PrivacyReport:
    """Return what the folders hold now; what cannot be read is reported as such and not left out."""
    log = audit_log_path(settings)
    held = (
        *_outbox_rows(settings),
        *_files_with_a_term(settings),
        _audit_row(log),
        *_permanent_files(settings),
        _unexplained_files(settings),
    )
    try:
        with log.open("rb") as file:
            erased = tuple(read_receipts(file))
    except OSError:
        erased = ()
    return PrivacyReport(terminal=settings.terminal.id, at_unix=now, held=held, erased=erased)


def _outbox_rows(settings: Settings) -> Iterator[HeldData]:
    file = data_categories.outbox_path(settings)
    try:
        found, readable = take_inventory(file), True
    except OutboxError:
        found, readable = Inventory(), False

    def row(
        kind: str, holds: str, amount: StoredAmount, ends: str, until_unix: float | None = None
    ) -> HeldData:
        return HeldData(
            kind=kind,
            holds=holds,
            count=amount.count,
            bytes=amount.bytes,
            since_unix=amount.first_unix,
            until_unix=until_unix,
            ends=ends,
            where=file.name,
            readable=readable,
        )

    yield row("requests waiting", SEALED, found.waiting, "delivery to central")
    yield row("requests set aside", SEALED, found.wedged, "staff: retry or stick")
    yield row("requests central decides later", NUMBERS, found.pending, "central's answer")
    until = _days_after(found.delivered.last_unix, settings.retention.receipts_days)
    yield row("receipts", NUMBERS, found.delivered, "[retention] receipts_days", until)
    challenges = StoredAmount(count=found.challenges.count, bytes=found.challenges.bytes)
    yield row("challenges", NOTHING, challenges, "their own end, by central", found.challenges.last_unix)
    whole = StoredFiles(file.parent, f"{file.name}*").all()
    yield HeldData(
        kind="the outbox's files",
        holds="the five above; erased pages are zeros",
        count=whole.count,
        bytes=whole.bytes,
        ends="with the terminal",
        where=f"{file.name}*",
        readable=readable,
    )


def _files_with_a_term(settings: Settings) -> Iterator[HeldData]:
    where = {
        "visit logs": "visits/",
        "visit measures": "measures/",
        "day books": "staff/day-*",
        "day reports": "reports/",
        "audit logs set aside": "audit/*.damaged-*",
        "slips": "[printer] path",
    }
    for term in data_categories.retention_terms(settings):
        if isinstance(term.data, StoredFiles) and term.days is not None:
            holds = MEASURES if term.kind == "visit measures" else NUMBERS
            row = _file_row(term.kind, holds, term.data, term.setting, where[term.kind])
            last = term.data.all().last_unix
            yield replace(row, until_unix=_days_after(last, term.days))


def _permanent_files(settings: Settings) -> Iterator[HeldData]:
    staff = settings.path(settings.storage.folder) / "staff"
    identity, models = settings.path(settings.terminal.identity), settings.path(settings.models.folder)
    keys, enrolment = (
        StoredFiles(identity, "terminal-key.*"),
        StoredFiles(identity, ENROLMENT_FILE, CA_FILE),
    )
    yield _file_row("staff roster", CLERKS, StoredFiles(staff, ROSTER_FILE), "central's next", "staff/")
    yield _file_row("locks of staff", CLERKS, StoredFiles(staff, LOCKS_FILE), "a right PIN", "staff/")
    languages = StoredFiles(staff, LANGUAGES_FILE)
    yield _file_row("languages of staff", CLERKS, languages, "another choice", "staff/")
    yield _file_row("keys", OUR_KEYS, keys, "rotation", "[terminal] identity")
    yield _file_row("enrolment", NOTHING, enrolment, "enrolled anew", "[terminal] identity")
    yield _file_row("models", NOTHING, StoredFiles(models, "**/*"), "the next release", "[models] folder")


def _file_row(kind: str, holds: str, files: StoredFiles, ends: str, where: str) -> HeldData:
    amount = files.all()
    return HeldData(
        kind=kind,
        holds=holds,
        count=amount.count,
        bytes=amount.bytes,
        since_unix=amount.first_unix,
        ends=ends,
        where=where,
    )


def _audit_row(path: Path) -> HeldData:
    """Return the row of the audit log, counted in records."""
    count = size = 0
    since = None
    readable = True
    try:
        with path.open("rb") as file:
            for line in file:
                count, size = count + 1, size + len(line)
                if since is None:
                    with suppress(*UNREADABLE):
                        since = decode(line).record.at_unix
    except FileNotFoundError:
        pass
    except OSError:
        readable = False
    return HeldData(
        kind="audit log",
        holds="visit and clerks' numbers, codes and times",
        count=count,
        bytes=size,
        since_unix=since,
        ends="with the terminal",
        where="audit/",
        readable=readable,
    )


def _unexplained_files(settings: Settings) -> HeldData:
    """Return the row of every other file in the storage folder: nothing limits it, so it must be seen."""
    storage = settings.path(settings.storage.folder)
    elsewhere = [settings.path(path) for path in (settings.terminal.identity, settings.models.folder)]
    found = []
    for root, folders, names in os.walk(storage):
        folders[:] = [name for name in folders if Path(root, name) not in elsewhere]
        for path in (Path(root, name) for name in names):
            within = path.relative_to(storage)
            explained = (p for p in _EXPLAINED if within.match(p) and len(within.parts) == p.count("/") + 1)
            if path.is_file() and not any(explained):
                found.append(path)
    times = [path.stat().st_mtime for path in found]
    return HeldData(
        kind="files nobody of ours made",
        holds="unknown",
        count=len(found),
        bytes=sum(path.stat().st_size for path in found),
        since_unix=min(times, default=None),
        ends="removed by the operator",
        where="[storage] folder",
    )


def _days_after(last: float | None, days: float) -> float | None:
    return None if last is None else last + days * DAY_S


def format_report(found: PrivacyReport) -> str:
    """Return a table for people; times are China's."""
    head = ("kind", "count", "bytes", "since", "until", "ends with", "where", "holds")
    rows = [head, *(held.row for held in found.held)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    counted = len(found.erased)
    last = f", the last on {format_minute(found.erased[-1].at_unix)}" if counted else ""
    tail = [f"In memory: {found.in_memory}", f"{counted} erasure receipts{last}: kiosk privacy receipts"]
    title = f"Terminal {found.terminal or '-'}, {format_minute(found.at_unix)}"
    return "\n".join([title, "", *lines, "", *tail])
