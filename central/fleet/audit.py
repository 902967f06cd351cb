"""Checks an export of a terminal's audit log (resources/protocol/audit.md) against the stored heads."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.fleet.audit_heads import AuditHead
from central.storage.tables import Activation


@dataclass(frozen=True, kw_only=True)
class AuditCheckResult:
    """Result of a check. `at`: the first record that is not as it was; 0 if all is well."""

    records: int
    heads_met: int  # how many of central's heads were found in the file
    at: int = 0
    fault: str = ""


class _BrokenChain(Exception):  # noqa: N818
    def __init__(self, at: int, fault: str) -> None:
        super().__init__(fault)
        self.at, self.fault = at, fault


def split(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return the header of an export, empty if there is none, and the records' lines."""
    rows = [row for row in data.split(b"\n") if row.strip()]
    if rows and rows[0].startswith(b"{"):
        return _parse_object(rows[0]) or {}, rows[1:]
    return {}, rows


def check(rows: list[bytes], heads: Iterable[AuditHead]) -> AuditCheckResult:
    """Check the records' lines; the result names the first that was altered, is missing or out of place."""
    stored: dict[int, set[str]] = {}
    for head in heads:
        stored.setdefault(head.seq, set()).add(head.hash)
    count = met = 0
    try:
        for seq, digest in _iterate_chain(rows):
            if stored.get(seq, {digest}) != {digest}:
                raise _BrokenChain(
                    seq, "altered, here or before: central was told another record in this place"
                )
            count, met = count + 1, met + (seq in stored)
        if max(stored, default=0) > count:
            raise _BrokenChain(count + 1, f"missing: central was told of {max(stored)} records")
    except _BrokenChain as broken:
        return AuditCheckResult(records=count, heads_met=met, at=broken.at, fault=broken.fault)
    return AuditCheckResult(records=count, heads_met=met)


def settled(rows: list[bytes]) -> dict[str, str]:
    """Return the visits that central had answered by the records' lines, and each one's last status."""
    records = (_parse_object(row.partition(b" ")[2]) or {} for row in rows)
    found = (record for record in records if record.get("kind") == "request.settled")
    return {str(one.get("visit")): str((one.get("facts") or {}).get("status")) for one in found}


def forgotten(session: Session, visits: Collection[str]) -> set[str]:
    """Return the visits that the database does not have."""
    known: set[str] = set()
    for some in batched(visits):
        known |= set(session.scalars(select(Activation.id).where(Activation.id.in_(some))))
    return set(visits) - known


def batched(visits: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Yield lists of at most `size` visits: databases limit the parameters of a statement."""
    rest = iter(visits)
    while some := list(islice(rest, size)):
        yield some


def _iterate_chain(rows: list[bytes]) -> Iterator[tuple[int, str]]:
    """Yield each record's number and hash, as long as the chain holds. Raises _BrokenChain."""
    previous = "0" * 64
    for expected, row in enumerate(rows, 1):
        digest, _, raw = row.partition(b" ")
        if sha256(raw).hexdigest().encode() != digest:
            raise _BrokenChain(expected, "altered: it does not agree with its own hash")
        record = _parse_object(raw)
        if record is None:
            raise _BrokenChain(expected, "altered: it is no record")
        if record.get("seq") != expected:
            others = (_parse_object(other.partition(b" ")[2]) or {} for other in rows)
            elsewhere = any(other.get("seq") == expected for other in others)
            raise _BrokenChain(expected, "reordered" if elsewhere else "missing")
        if record.get("previous") != previous:
            raise _BrokenChain(max(expected - 1, 1), "altered: the next record names another predecessor")
        previous = digest.decode()
        yield expected, previous


def _parse_object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
