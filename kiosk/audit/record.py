r"""One record of the audit log: its kinds, its line, and the check that keeps personal data out of it.

A line is `<hash> <record>\n`: the record in canonical JSON (keys in alphabetical order, no spaces, UTF-8),
before it the SHA-256 of exactly those bytes, in hex. The record holds its position (`seq`, from 1) and the
hash of the record before it (`previous`, 64 zeros for the first), which makes the chain. The format for other
programs is in resources/protocol/audit.md.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec import Struct

from kiosk.codes import Code
from kiosk.model import Measures

FIRST = "0" * 64
"""`previous` of the first record."""

_NAME = re.compile(r"[A-Za-z0-9._:+/ -]{0,80}")
_HASH = re.compile(r"[0-9a-f]{64}")
_LONG_NUMBER = re.compile(r"\d{8}")
_FACTS = 40
_LARGEST = 1e10
"""Unix times and sizes are smaller, Chinese mobile numbers (11 digits) and ID numbers (18) larger."""


class RecordKind(StrEnum):
    """What can have happened; a closed set."""

    AUDIT_RECOVERED = "audit.recovered"  # the last line was torn by a power cut
    AUDIT_RESTARTED = "audit.restarted"  # a damaged log was set aside by service staff

    TERMINAL_STARTED = "terminal.started"
    TERMINAL_STOPPED = "terminal.stopped"
    TERMINAL_ENROLLED = "terminal.enrolled"
    IDENTITY_ROTATED = "identity.rotated"
    SEALING_CHANGED = "sealing.changed"
    READER_CHANGED = "reader.changed"  # another than the pinned one is connected
    READER_PINNED = "reader.pinned"  # another one, with central's permission
    MODELS_VERIFIED = "models.verified"
    SERVICE_OUT = "service.out"
    SERVICE_IN = "service.in"

    VISIT_BEGAN = "visit.began"
    VISIT_CONSENTED = "visit.consented"
    VISIT_DECLINED = "visit.declined"
    GUARDIAN_CONSENTED = "guardian.consented"  # for a child, and to their own part
    GUARDIAN_DECLINED = "guardian.declined"
    HELP_WANTED = "help.wanted"  # the clerk was called; the visit waits
    HELP_ENDED = "help.ended"  # … and goes on
    CLERK_CALL = "clerk.call"  # what became of the call
    VISIT_STORED = "visit.stored"
    VISIT_FINISHED = "visit.finished"
    REQUEST_SETTLED = "request.settled"
    REQUEST_WEDGED = "request.wedged"
    REQUEST_RETRIED = "request.retried"
    REQUEST_EXPORTED = "request.exported"
    REQUEST_LOST = "request.lost"  # promised, and not in the outbox any more
    REQUEST_GIVEN_UP = "request.given_up"  # a supervisor has taken note of that

    ROSTER_ACCEPTED = "roster.accepted"  # who may sign in has changed, or was confirmed again
    CLERK_SIGNED_IN = "clerk.signed_in"
    CLERK_SIGNED_OUT = "clerk.signed_out"
    CLERK_REFUSED = "clerk.refused"  # a wrong PIN, a locked or unknown clerk
    CLERK_ACTED = "clerk.acted"
    REVIEW_BEGAN = "review.began"
    REVIEW_DECIDED = "review.decided"
    WAY_TAKEN = "way.taken"  # another way than face and voice

    PRIVACY_ERASED = "privacy.erased"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record; `visit`, `actor` and `facts` have passed `refuse_personal`."""

    seq: int
    at_unix: float
    kind: RecordKind
    previous: str
    code: Code = Code.OK
    visit: str | None = None
    actor: str | None = None  # a clerk's or service person's id, never a name
    facts: Mapping[str, float | int | str | bool | None] = {}


class HashedRecord(Struct, frozen=True):
    """A record and the hash of its bytes."""

    record: Record
    hash: str


def encode(record: Record) -> tuple[bytes, str]:
    """Return the record's line, with its newline, and its hash."""
    raw = msgspec.json.encode(record, order="sorted")
    digest = sha256(raw).hexdigest()
    return digest.encode() + b" " + raw + b"\n", digest


def decode(line: bytes) -> HashedRecord:
    """Return the record of a line. Raises ValueError for any other line, or if the hash does not match."""
    digest, space, raw = line.rstrip(b"\n").partition(b" ")
    if not space or sha256(raw).hexdigest().encode() != digest:
        raise ValueError("its hash does not agree")
    return HashedRecord(msgspec.json.decode(raw, type=Record), digest.decode())


def refuse_personal(visit: str | None, actor: str | None, facts: Measures) -> None:
    """Check that nobody could be identified by a record. Raises ValueError, without quoting the value.

    Refused is what could be a name, a phone or ID number, or free text: texts must be short ASCII without a
    run of eight digits (a SHA-256 in hex may have one), numbers smaller than any phone number.
    """
    for name, text in (("visit", visit), ("actor", actor), *((key, key) for key in facts)):
        if text is not None and not harmless(text):
            raise ValueError(f"audit: {name!r} may not be written")
    if len(facts) > _FACTS:
        raise ValueError("audit: too many facts")
    for key, value in facts.items():
        if not harmless(value):
            raise ValueError(f"audit: the value of {key!r} may not be written")


def harmless(value: float | int | str | bool | None) -> bool:
    """Return whether nobody could be identified by this value; see `refuse_personal`."""
    if isinstance(value, str):
        return bool(_HASH.fullmatch(value)) or (
            bool(_NAME.fullmatch(value)) and not _LONG_NUMBER.search(value)
        )
    return value is None or abs(value) < _LARGEST
