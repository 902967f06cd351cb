"""Check that a log is as it was written; name the first record that was altered, is missing or was moved."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from kiosk.audit.log import LogHead
from kiosk.audit.record import FIRST, HashedRecord, decode
from kiosk.errors import UNREADABLE


class ExportHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of an export: whose log it is, and where it ended when it was exported."""

    audit: int
    terminal: str
    at_unix: float
    seq: int
    head: str


class VerificationReport(Struct, frozen=True, kw_only=True):
    """`fault` is empty if the log is unbroken; else `at` is the record it is about."""

    records: int
    head: LogHead
    fault: str = ""
    at: int = 0
    header: ExportHeader | None = None

    @property
    def good(self) -> bool:
        """Whether the log is unbroken."""
        return not self.fault

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.good:
            return f"{self.records} records, unbroken; head {self.head.seq} {self.head.hash}"
        return f"record {self.at}: {self.fault} ({self.records} good records before)"


class _BrokenChainError(Exception):
    def __init__(self, at: int, fault: str) -> None:
        super().__init__(fault)
        self.at = at
        self.fault = fault


def verify(lines: Iterable[bytes], anchors: Iterable[LogHead] = ()) -> VerificationReport:
    """Check a log or an export, and that it holds each of the `anchors`: heads that were kept elsewhere.

    Without an anchor a log that was rewritten from some record to its end, with all hashes computed anew, or
    cut off at the end, cannot be told from a true one: that is what anchors are for.
    """
    rows = [line for line in lines if line.strip()]
    header = _export_header(rows)
    kept = {anchor.seq: anchor.hash for anchor in anchors if anchor.seq}
    if header is not None:
        kept.setdefault(header.seq, header.head)
        rows = rows[1:]
    head, count = LogHead(), 0
    try:
        for sound in _follow_chain(rows, kept):
            head, count = sound, count + 1
        last = max(kept, default=0)
        if last > head.seq:
            raise _BrokenChainError(head.seq + 1, f"missing: {last} records were there once")
    except _BrokenChainError as broken:
        return VerificationReport(records=count, head=head, fault=broken.fault, at=broken.at, header=header)
    return VerificationReport(records=count, head=head, header=header)


def _export_header(rows: list[bytes]) -> ExportHeader | None:
    if not rows or not rows[0].startswith(b"{"):
        return None
    try:
        return msgspec.json.decode(rows[0], type=ExportHeader)
    except UNREADABLE:
        return None


def _follow_chain(rows: list[bytes], kept: dict[int, str]) -> Iterator[LogHead]:
    """Yield the head after each sound record. Raises _BrokenChainError at the first that is not."""
    previous = LogHead(0, FIRST)
    for row in rows:
        expected = previous.seq + 1
        try:
            hashed = decode(row)
        except UNREADABLE:
            raise _BrokenChainError(expected, "altered: it does not agree with its own hash") from None
        _check_order(hashed, previous, rows)
        if kept.get(expected, hashed.hash) != hashed.hash:
            fault = "altered, here or before: another record was anchored in this place"
            raise _BrokenChainError(expected, fault)
        previous = LogHead(expected, hashed.hash)
        yield previous


def _check_order(hashed: HashedRecord, previous: LogHead, rows: list[bytes]) -> None:
    expected, seq = previous.seq + 1, hashed.record.seq
    if seq != expected:
        keys = (f'"seq":{expected},'.encode(), f'"seq":{expected}}}'.encode())
        word = "reordered" if any(key in row for row in rows for key in keys) else "missing"
        raise _BrokenChainError(expected, f"{word}: record {seq} stands in its place")
    if hashed.record.previous != previous.hash:
        # This record agrees with itself, so it is the one before that was exchanged together with its hash.
        fault = "altered: the next record names another one as its predecessor"
        raise _BrokenChainError(max(previous.seq, 1), fault)
