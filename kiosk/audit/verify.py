"""Is a log what was once written? Names the first record that was altered, is missing or stands elsewhere."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from kiosk.audit.log import LogHead
from kiosk.audit.record import FIRST, HashedRecord, decode
from kiosk.errors import UNREADABLE


class ExportHeader(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of an export: whose log it is, and where it ended when it was exported."""

    audit: int
    terminal: str
    at_unix: float
    seq: int
    head: str


class VerificationReport(Struct, frozen=True):
    """`fault` is empty if all is well; `at` is the record it speaks of."""

    records: int
    head: LogHead
    fault: str = ""
    at: int = 0
    header: ExportHeader | None = None

    @property
    def good(self) -> bool:
        return not self.fault

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.good:
            return f"{self.records} records, unbroken; head {self.head.seq} {self.head.hash}"
        return f"record {self.at}: {self.fault} ({self.records} good records before)"


class _Broken(Exception):  # noqa: N818
    def __init__(self, at: int, fault: str) -> None:
        super().__init__(fault)
        self.at = at
        self.fault = fault


def verify(lines: Iterable[bytes], anchors: Iterable[LogHead] = ()) -> VerificationReport:
    """Check a log or an export, and that each of the `anchors`, heads that were kept elsewhere, is in it.

    Without an anchor a log that was rewritten from some record to its end, all hashes made anew, or cut
    off at the end, cannot be told from a true one: that is what anchors are for.
    """
    rows = [line for line in lines if line.strip()]
    header = _header(rows)
    kept = {anchor.seq: anchor.hash for anchor in anchors if anchor.seq}
    if header is not None:
        kept.setdefault(header.seq, header.head)
    head, count = LogHead(), 0
    try:
        for sound in _chain(rows[1:] if header else rows, kept):
            head, count = sound, count + 1
        _reaches(head, kept)
    except _Broken as broken:
        return VerificationReport(count, head, broken.fault, broken.at, header)
    return VerificationReport(count, head, header=header)


def _header(rows: list[bytes]) -> ExportHeader | None:
    if not rows or not rows[0].startswith(b"{"):
        return None
    try:
        return msgspec.json.decode(rows[0], type=ExportHeader)
    except UNREADABLE:
        return None


def _chain(rows: list[bytes], kept: dict[int, str]) -> Iterator[LogHead]:
    previous = LogHead(0, FIRST)
    for row in rows:
        expected = previous.seq + 1
        try:
            line = decode(row)
        except UNREADABLE:
            raise _Broken(expected, "altered: it does not agree with its own hash") from None
        _in_order(line, previous, rows)
        if kept.get(expected, line.hash) != line.hash:
            raise _Broken(expected, "altered, here or before: another record was anchored in this place")
        previous = LogHead(expected, line.hash)
        yield previous


def _in_order(line: HashedRecord, previous: LogHead, rows: list[bytes]) -> None:
    expected, seq = previous.seq + 1, line.record.seq
    if seq != expected:
        word = "reordered" if _somewhere(expected, rows) else "missing"
        raise _Broken(expected, f"{word}: record {seq} stands in its place")
    if line.record.previous != previous.hash:
        # This record agrees with itself, so it is the one before that was exchanged together with its hash.
        at = max(previous.seq, 1)
        raise _Broken(at, "altered: the next record names another one as its predecessor")


def _reaches(head: LogHead, kept: dict[int, str]) -> None:
    last = max(kept, default=0)
    if last > head.seq:
        raise _Broken(head.seq + 1, f"missing: {last} records were there once")


def _somewhere(seq: int, rows: list[bytes]) -> bool:
    keys = (f'"seq":{seq},'.encode(), f'"seq":{seq}}}'.encode())
    return any(key in row for row in rows for key in keys)
