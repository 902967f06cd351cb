"""The fleet: which terminals are expected, and how they enrol, rotate their key, and are revoked."""

import csv
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from sqlalchemy import update
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.security.encoding import from_base64url
from central.security.keys import public_of
from central.storage.tables import EnrolmentCode, Terminal, TerminalState

FLEET = Path(__file__).parent / "fleet.csv"
"""The 45 points in Guangzhou that were announced in 2017."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class TerminalRevoked(Exception):  # noqa: N818
    """The terminal of this name was revoked; a new one needs another name."""


def load_fleet(session: Session, path: Path = FLEET) -> int:
    """Add the terminals of a CSV file that are not known yet, and return how many. The others stay."""
    with path.open(encoding="utf-8", newline="") as file:
        points = [row for row in csv.DictReader(file) if session.get(Terminal, row["terminal"]) is None]
    session.add_all(
        Terminal(id=p["terminal"], district=p["district"], place=p["address"], kind=p["kind"]) for p in points
    )
    return len(points)


def enrolment_code(session: Session, terminal: str, place: str | None, now: float, valid_s: float) -> str:
    """Return a new one-time code, 60 random bits; earlier unused ones end. Raises TerminalRevoked."""
    row = session.get(Terminal, terminal) or Terminal(id=terminal)
    if row.state == TerminalState.REVOKED:
        raise TerminalRevoked(terminal)
    row.place = place if place is not None else row.place or ""
    session.add(row)
    session.flush()
    _end_codes(session, terminal, now)
    characters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    session.add(EnrolmentCode(sha256=_digest(characters), terminal=terminal, expires_unix=now + valid_s))
    return "-".join(characters[i : i + 4] for i in (0, 4, 8))


def enrol(session: Session, terminal: str, code: str, x: str, now: float) -> str:
    """Accept the key `x` (base64url) and return the place. Raises Problem 403.

    The same code with the same key is answered again: the first answer may have been lost.
    """
    row = session.get(EnrolmentCode, _digest(code), with_for_update=True)
    known = session.get(Terminal, terminal)
    good = row is not None and row.terminal == terminal and row.expires_unix > now
    if not good or row is None or known is None or known.state == TerminalState.REVOKED:
        raise Problem(403, Code.ENROLMENT_REFUSED)
    if row.used_by_key not in (None, x):
        raise Problem(403, Code.ENROLMENT_REFUSED)
    row.used_by_key = x
    known.public_key, known.state, known.enrolled_unix = x, TerminalState.ENROLLED, now
    return known.place


def rotate(session: Session, terminal: str, x: str, proof: str, now: float) -> None:
    """Replace the key that signed the request by `x` (base64url). Raises Problem 403.

    `proof` is a signature of the new key. Asked again with the new key, it changes nothing: the first answer
    may have been lost.
    """
    try:
        public_of(x).verify(from_base64url(proof), f"kiosk-rotate-v1|{terminal}|{x}".encode())
    except (InvalidSignature, ValueError):
        raise Problem(403, Code.ENROLMENT_REFUSED, "the new key does not prove itself") from None
    row = session.get_one(Terminal, terminal, with_for_update=True)
    if row.public_key != x:
        row.public_key, row.rotated_unix = x, now


def revoke(session: Session, terminal: str, now: float) -> bool:
    """Refuse its signatures from now on, for good. Return False if it is not known."""
    row = session.get(Terminal, terminal)
    if row is None:
        return False
    row.state, row.revoked_unix = TerminalState.REVOKED, now
    _end_codes(session, terminal, now)
    return True


def _end_codes(session: Session, terminal: str, now: float) -> None:
    session.execute(
        update(EnrolmentCode)
        .where(EnrolmentCode.terminal == terminal, EnrolmentCode.expires_unix > now)
        .values(expires_unix=now)
    )


def _digest(code: str) -> str:
    """Return the SHA-256 of a code. Codes are read out by phone: case, groups, look-alikes do not count."""
    plain = code.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    return sha256(plain.encode()).hexdigest()
