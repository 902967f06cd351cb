"""Erasure receipts are records of the audit log: whoever has an export verifies them without the terminal."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from kiosk.audit.record import RecordKind, Record, decode
from kiosk.errors import UNREADABLE


class Receipt(Struct, frozen=True):
    """One kind of data that one run erased. `seq`: the record; `days` None: it had an end of its own."""

    seq: int
    at_unix: float
    run: str
    kind: str
    count: int
    bytes: int
    from_unix: float | None
    to_unix: float | None
    days: float | None
    why: str
    by: str


class Step(Struct, frozen=True):
    """What became of one visit's data."""

    seq: int
    at_unix: float
    what: str


_STEPS = {
    RecordKind.VISIT_CONSENTED: "consent given",
    RecordKind.VISIT_DECLINED: "consent refused",
    RecordKind.VISIT_STORED: "sealed request stored",
    RecordKind.VISIT_FINISHED: "face, sound, card and typed text overwritten or let go",
    RecordKind.REQUEST_SETTLED: "central answered; sealed request erased",
    RecordKind.REQUEST_WEDGED: "sealed request set aside, for staff",
    RecordKind.REQUEST_EXPORTED: "sealed request given to a stick",
}


def read(lines: Iterable[bytes]) -> list[Receipt]:
    """Those of a log or an export, in the order written; broken lines are `verify`'s to tell."""
    return [made for record in _records(lines) if (made := _receipt(record)) is not None]


def of_visit(lines: Iterable[bytes], visit: str) -> list[Step]:
    """What was kept and erased of one visit, by its number; then the erasing of what tells of it."""
    records = list(_records(lines))
    steps = [Step(r.seq, r.at_unix, _STEPS[r.kind]) for r in records if r.visit == visit and r.kind in _STEPS]
    ended = max((step.at_unix for step in steps), default=None)
    if ended is None:
        return []
    later = [made for r in records if r.at_unix >= ended and (made := _receipt(r)) is not None]
    gone = {one.kind: one for one in reversed(later) if _covers(one, ended)}
    return steps + [
        Step(one.seq, one.at_unix, f"{one.kind} up to then erased")
        for one in sorted(gone.values(), key=lambda one: one.seq)
    ]


def _covers(one: Receipt, at: float) -> bool:
    """Is what was last written at `at` surely among what this run erased?"""
    return (
        one.kind in ("visit logs", "receipts")
        and one.days is not None
        and at < one.at_unix - one.days * 86_400
    )


def _records(lines: Iterable[bytes]) -> Iterable[Record]:
    for line in lines:
        try:
            yield decode(line).record
        except UNREADABLE:
            continue


def _receipt(record: Record) -> Receipt | None:
    if record.kind is not RecordKind.PRIVACY_ERASED:
        return None
    facts = dict(record.facts)
    told = {
        "seq": record.seq,
        "at_unix": record.at_unix,
        "kind": facts.get("data"),
        "from_unix": facts.get("from"),
        "to_unix": facts.get("to"),
    } | {key: facts.get(key) for key in ("run", "count", "bytes", "days", "why", "by")}
    try:
        return msgspec.convert(told, Receipt)
    except msgspec.ValidationError:
        return None
