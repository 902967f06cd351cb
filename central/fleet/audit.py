"""Checks an export of a terminal's audit log (resources/protocol/audit.md) against the heads central kept."""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from central.fleet.audit_heads import AuditHead


class Finding(NamedTuple):
    """`at`: the first record that is not as it was; 0 if all is well."""

    records: int
    anchors: int  # how many of central's heads were found in the file
    at: int = 0
    fault: str = ""


class _Broken(Exception):  # noqa: N818
    def __init__(self, at: int, fault: str) -> None:
        super().__init__(fault)
        self.at, self.fault = at, fault


def split(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The header, empty if there is none, and the records' lines."""
    rows = [row for row in data.split(b"\n") if row.strip()]
    if rows and rows[0].startswith(b"{"):
        return _object(rows[0]) or {}, rows[1:]
    return {}, rows


def check(rows: list[bytes], anchors: Iterable[AuditHead]) -> Finding:
    """The first record that was altered, is missing or stands elsewhere is named."""
    kept: dict[int, set[str]] = {}
    for anchor in anchors:
        kept.setdefault(anchor.seq, set()).add(anchor.hash)
    count = met = 0
    try:
        for seq, digest in _chain(rows):
            wanted = kept.get(seq, {digest})
            if wanted != {digest}:
                raise _Broken(seq, "altered, here or before: central was told another record in this place")
            count, met = count + 1, met + (seq in kept)
        if max(kept, default=0) > count:
            raise _Broken(count + 1, f"missing: central was told of {max(kept)} records")
    except _Broken as broken:
        return Finding(count, met, broken.at, broken.fault)
    return Finding(count, met)


def _chain(rows: list[bytes]) -> Iterator[tuple[int, str]]:
    """Each record's place and hash, as long as the chain holds. Raises _Broken."""
    previous = "0" * 64
    for expected, row in enumerate(rows, 1):
        digest, _, raw = row.partition(b" ")
        if sha256(raw).hexdigest().encode() != digest:
            raise _Broken(expected, "altered: it does not agree with its own hash")
        record = _decoded(raw, expected)
        if record.get("seq") != expected:
            elsewhere = any(_seq(other) == expected for other in rows)
            raise _Broken(expected, "reordered" if elsewhere else "missing")
        if record.get("previous") != previous:
            raise _Broken(max(expected - 1, 1), "altered: the next record names another predecessor")
        previous = digest.decode()
        yield expected, previous


def _decoded(raw: bytes, seq: int) -> dict[str, Any]:
    record = _object(raw)
    if record is None:
        raise _Broken(seq, "altered: it is no record")
    return record


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _seq(row: bytes) -> object:
    try:
        return _decoded(row.partition(b" ")[2], 0).get("seq")
    except _Broken:
        return None
