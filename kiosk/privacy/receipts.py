"""Erasure receipts: records of the audit log, so an export proves them without the terminal."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from kiosk.audit.record import Record, RecordKind, decode
from kiosk.errors import UNREADABLE


class ErasureReceipt(Struct, frozen=True, kw_only=True):
    """One category of data that one run erased. `seq`: the record; `days` None: each item had its own end."""

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

    def covers(self, at_unix: float) -> bool:
        """Return whether what was last written at that time was surely erased by this run."""
        if self.kind not in ("visit logs", "receipts") or self.days is None:
            return False
        return at_unix < self.at_unix - self.days * 86_400


class VisitDataStep(Struct, frozen=True):
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


def read_receipts(lines: Iterable[bytes]) -> list[ErasureReceipt]:
    """Return the receipts of a log or an export, in the order written; broken lines are left out.

    `kiosk.audit.verify` reports those.
    """
    return [receipt for record in _records(lines) if (receipt := _receipt(record)) is not None]


def visit_history(lines: Iterable[bytes], visit: str) -> list[VisitDataStep]:
    """Return what was kept and erased of one visit, then when its log and its receipt were erased."""
    records = list(_records(lines))
    steps = [
        VisitDataStep(record.seq, record.at_unix, _STEPS[record.kind])
        for record in records
        if record.visit == visit and record.kind in _STEPS
    ]
    if not steps:
        return []
    ended = max(step.at_unix for step in steps)
    first: dict[str, ErasureReceipt] = {}
    for record in records:
        receipt = _receipt(record) if record.at_unix >= ended else None
        if receipt is not None and receipt.covers(ended):
            first.setdefault(receipt.kind, receipt)
    return steps + [
        VisitDataStep(receipt.seq, receipt.at_unix, f"{receipt.kind} up to then erased")
        for receipt in sorted(first.values(), key=lambda receipt: receipt.seq)
    ]


def _records(lines: Iterable[bytes]) -> Iterator[Record]:
    for line in lines:
        try:
            yield decode(line).record
        except UNREADABLE:
            continue


def _receipt(record: Record) -> ErasureReceipt | None:
    if record.kind is not RecordKind.PRIVACY_ERASED:
        return None
    facts = dict(record.facts)
    names = {"kind": "data", "from_unix": "from", "to_unix": "to"}
    fields = {name: facts.get(names.get(name, name)) for name in ErasureReceipt.__struct_fields__}
    try:
        return msgspec.convert(fields | {"seq": record.seq, "at_unix": record.at_unix}, ErasureReceipt)
    except msgspec.ValidationError:
        return None
