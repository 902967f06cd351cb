"""What the terminal holds, by kind: how much, since when, until when, by which setting, where.

Counts, sizes, times, folders; never a name, never the number of a visit, a clerk or a person. It only reads,
so it works beside a running terminal and on the folder of one that is switched off.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from kiosk.activation.identity import CA_FILE, ENROLMENT_FILE
from kiosk.activation.inventory import Inventory, take_inventory
from kiosk.activation.keystore import KEY_FILE, NEXT_FILE
from kiosk.audit.log import audit_log_path
from kiosk.audit.record import decode
from kiosk.errors import UNREADABLE, OutboxError
from kiosk.model import StoredAmount
from kiosk.privacy import data_categories
from kiosk.privacy.data_categories import DAY_S, Files
from kiosk.privacy.erasure import PLAN_FILE
from kiosk.privacy.receipts import Receipt, read
from kiosk.settings import Settings
from kiosk.staff.roster import LOCKS_FILE, ROSTER_FILE


class Held(Struct, frozen=True):
    """One kind. `until_unix`: when the last of what is there now will be gone; None: `ends` says when."""

    kind: str
    holds: str  # in how far it is about people
    count: int
    bytes: int
    since_unix: float | None
    until_unix: float | None
    ends: str  # which setting or event ends it
    where: str
    readable: bool = True


class Report(Struct, frozen=True):
    """`in_memory`: what is only there during a visit, and is on no disk."""

    terminal: str
    at_unix: float
    held: tuple[Held, ...]
    erased: tuple[Receipt, ...]
    in_memory: str = "card, typed text, face pictures, embeddings, sound: during a visit only, on no disk"


SEALED = "personal, sealed to central's key"
NUMBERS = "visit numbers, codes and times"
CLERKS = "clerks' numbers and PIN hashes"
NOTHING = "nothing personal"
OUR_KEYS = "this terminal's keys"


def report(settings: Settings, now: float) -> Report:
    """Of the folder as it is. What cannot be read is told as such, not left out."""
    held = (*_outbox(settings), *_files(settings), *_fixed(settings), _unknown(settings))
    return Report(settings.terminal.id, now, held, tuple(_receipts(audit_log_path(settings))))


def _outbox(settings: Settings) -> Iterable[Held]:
    file = data_categories.outbox_of(settings)
    try:
        found, readable = take_inventory(file), True
    except OutboxError:
        found, readable = Inventory(), False
    days = settings.retention.receipts_days

    def held(kind: str, holds: str, span: StoredAmount, ends: str, until: float | None = None) -> Held:
        return Held(kind, holds, span.count, span.bytes, span.first_unix, until, ends, file.name, readable)

    yield held("requests waiting", SEALED, found.waiting, "delivery to central")
    yield held("requests set aside", SEALED, found.wedged, "staff: retry or stick")
    yield held("requests central decides later", NUMBERS, found.pending, "central's answer")
    until = _after(found.delivered.last_unix, days)
    yield held("receipts", NUMBERS, found.delivered, "[retention] receipts_days", until)
    challenges = StoredAmount(found.challenges.count, found.challenges.bytes)
    yield held("challenges", NOTHING, challenges, "their own end, by central", found.challenges.last_unix)
    whole = Files(file.parent, f"{file.name}*").all()
    yield Held(
        "the outbox's files", "the five above; erased pages are zeros", whole.count, whole.bytes,
        None, None, "with the terminal", f"{file.name}*", readable,
    )  # fmt: skip


def _files(settings: Settings) -> Iterable[Held]:
    keep = settings.retention
    kinds = [
        ("visit logs", NUMBERS, data_categories.visits(settings), "visits_days", keep.visits_days, "visits/"),
        (
            "day books", NUMBERS, data_categories.daybooks(settings), "daybook_days",
            keep.daybook_days, "staff/day-*",
        ),
        (
            "day reports", NUMBERS, data_categories.reports(settings), "daybook_days",
            keep.daybook_days, "reports/",
        ),
        (
            "audit logs set aside", NUMBERS, data_categories.set_aside(settings), "set_aside_days",
            keep.set_aside_days, "audit/*.damaged-*",
        ),
    ]  # fmt: skip
    if (slips := data_categories.slips(settings)) is not None:
        kinds.append(("slips", NUMBERS, slips, "slips_days", keep.slips_days, "[printer] path"))
    for kind, holds, files, setting, days, where in kinds:
        span = files.all()
        until = _after(span.last_unix, days)
        yield Held(
            kind, holds, span.count, span.bytes, span.first_unix, until, f"[retention] {setting}", where
        )


def _fixed(settings: Settings) -> Iterable[Held]:
    """What stays: the log, and what makes the terminal what it is."""
    storage = settings.path(settings.storage.folder)
    identity, models = settings.path(settings.terminal.identity), settings.path(settings.models.folder)
    yield _audit(audit_log_path(settings))
    yield _held("staff roster", CLERKS, Files(storage / "staff", ROSTER_FILE), "central's next", "staff/")
    yield _held("locks of staff", CLERKS, Files(storage / "staff", LOCKS_FILE), "a right PIN", "staff/")
    yield _held("keys", OUR_KEYS, Files(identity, KEY_FILE, NEXT_FILE), "rotation", "[terminal] identity")
    enrolment = Files(identity, ENROLMENT_FILE, CA_FILE)
    yield _held("enrolment", NOTHING, enrolment, "enrolled anew", "[terminal] identity")
    yield _held("models", NOTHING, Files(models, "**/*"), "the next release", "[models] folder")


def _held(kind: str, holds: str, files: Files, ends: str, where: str) -> Held:
    span = files.all()
    return Held(kind, holds, span.count, span.bytes, span.first_unix, None, ends, where)


def _audit(path: Path) -> Held:
    """Counted in records."""
    count = size = 0
    since = None
    try:
        with path.open("rb") as file:
            for line in file:
                count, size = count + 1, size + len(line)
                since = _began(line) if since is None else since
        readable = True
    except FileNotFoundError:
        readable = True
    except OSError:
        readable = False
    return Held(
        "audit log", "visit and clerks' numbers, codes and times", count, size, since, None,
        "with the terminal", "audit/", readable,
    )  # fmt: skip


def _began(line: bytes) -> float | None:
    try:
        return decode(line).record.at_unix
    except UNREADABLE:
        return None


def _unknown(settings: Settings) -> Held:
    """Whatever else lies in the folder: nobody promised anything about it, so it must be seen."""
    storage = settings.path(settings.storage.folder)
    elsewhere = [settings.path(p) for p in (settings.terminal.identity, settings.models.folder)]
    found = [path for path in _all(storage, elsewhere) if not _explained(path.relative_to(storage))]
    times = [path.stat().st_mtime for path in found]
    size = sum(path.stat().st_size for path in found)
    return Held(
        "files nobody of ours made", "unknown", len(found), size, min(times, default=None), None,
        "whoever put them there", "[storage] folder",
    )  # fmt: skip


def _all(folder: Path, but: list[Path]) -> Iterable[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(root, name) not in but]
        yield from (path for name in names if (path := Path(root, name)).is_file())


_KNOWN = (
    "outbox.sqlite3*", PLAN_FILE, "reports/*", "visits/*.jsonl", "staff/day-*.jsonl", f"staff/{ROSTER_FILE}",
    f"staff/{LOCKS_FILE}", "audit/audit.log", "audit/audit.log.damaged-*",
)  # fmt: skip


def _explained(path: Path) -> bool:
    return any(path.match(known) and len(path.parts) == known.count("/") + 1 for known in _KNOWN)


def _receipts(path: Path) -> list[Receipt]:
    try:
        with path.open("rb") as file:
            return read(file)
    except OSError:
        return []


def _after(last: float | None, days: float) -> float | None:
    return None if last is None else last + days * DAY_S


def told(found: Report) -> str:
    """For people, as a table; times in UTC, as in the log."""
    head = ("kind", "count", "bytes", "since", "until", "ends with", "where", "holds")
    rows = [head, *(_row(one) for one in found.held)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    counted = len(found.erased)
    last = f", the last on {day(found.erased[-1].at_unix)}" if counted else ""
    tail = [f"In memory: {found.in_memory}", f"{counted} erasure receipts{last}: kiosk privacy receipts"]
    return "\n".join([f"Terminal {found.terminal or '-'}, {day(found.at_unix)} UTC", "", *lines, "", *tail])


def _row(one: Held) -> tuple[str, ...]:
    count = str(one.count) if one.readable else "unreadable"
    until = day(one.until_unix) if one.until_unix else "-"
    since = day(one.since_unix) if one.since_unix else "-"
    return one.kind, count, str(one.bytes), since, until, one.ends, one.where, one.holds


def day(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M")
