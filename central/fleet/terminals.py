"""The fleet: which terminals are expected, and how they enrol, rotate their key, and are revoked."""

import csv
import re
import secrets
from hashlib import sha256
from io import StringIO
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms, points, readers
from central.protocol.messages import TERMINAL, Reader
from central.security.encoding import from_base64url
from central.security.terminal_keys import load_key
from central.storage.tables import EnrolmentCode, Terminal, TerminalState
from central.text_files import read_text

FLEET = Path(__file__).parent / "fleet.csv"
"""The 45 points in Guangzhou that were announced in 2017."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class TerminalRevoked(Exception):  # noqa: N818
    """The terminal of this name was revoked; a new one needs another name."""


def load_fleet(session: Session, path: Path = FLEET) -> int:
    """Add the terminals of a CSV file that are not known yet, and return how many.

    Of the others only coordinates and hours are brought up to date, where the file has those columns:
    latitude, longitude (degrees, WGS 84), precision (point or district), hours. Raises OSError, ValueError.
    """
    return add_fleet(session, read_fleet(path), path)


def add_fleet(session: Session, fleet: dict[str, tuple[int, dict[str, str]]], path: Path) -> int:
    """Do what `load_fleet` does with what `read_fleet` returned for `path`. Raises ValueError."""
    new = 0
    for name, (line, row) in fleet.items():
        known = session.get(Terminal, name)
        if known is None:
            new += 1
            known = Terminal(id=name, district=row["district"], place=row["address"], kind=row["kind"])
            session.add(known)
        _locate(known, row, f"{path}:{line}")
    return new


def read_fleet(path: Path) -> dict[str, tuple[int, dict[str, str]]]:
    """Return line number and columns of each terminal in a CSV file. Raises OSError, ValueError."""
    rows = csv.DictReader(StringIO(read_text(path), newline=""), restval="")
    if missing := {"terminal", "district", "address", "kind"} - set(rows.fieldnames or ()):
        raise ValueError(f"{path}: no column {', '.join(sorted(missing))}")
    found: dict[str, tuple[int, dict[str, str]]] = {}
    for row in rows:
        name, line = row["terminal"], rows.line_num
        if re.fullmatch(TERMINAL, name) is None:
            raise ValueError(f"{path}:{line}: a terminal is named with letters, digits and . _ - only")
        if name in found:
            raise ValueError(f"{path}:{line}: {name} stands in line {found[name][0]} already")
        found[name] = line, row
    return found


def _locate(terminal: Terminal, row: dict[str, str], where: str) -> None:
    """Set what the row says of place and hours. Raises ValueError with the line, not with what it holds."""
    told = {name: (row.get(name) or "").strip() for name in ("latitude", "longitude", "precision", "hours")}
    if told["latitude"] or told["longitude"]:
        try:
            latitude, longitude = float(told["latitude"]), float(told["longitude"])
        except ValueError:
            raise ValueError(f"{where}: latitude and longitude are two numbers of degrees") from None
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError(f"{where}: no such place on earth")
        if told["precision"] not in points.PRECISIONS:
            raise ValueError(f"{where}: precision is one of {', '.join(points.PRECISIONS)}")
        terminal.latitude, terminal.longitude, terminal.precision = latitude, longitude, told["precision"]
    if told["hours"]:
        if points.HOURS.fullmatch(told["hours"]) is None:
            raise ValueError(f"{where}: hours look like 07:00-23:00")
        terminal.hours = told["hours"]


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


def enrol(session: Session, terminal: str, code: str, key: str, reader: Reader, now: float) -> str | None:
    """Accept `key` (as it is stored), pin the card reader and return the place. Raises Problem 403.

    A used code changes nothing any more. With the key and the reader that the terminal has, it is answered
    again, as the first answer may have been lost; with any other it raises an alarm, and None is returned, so
    that the alarm is committed.
    """
    row = session.get(EnrolmentCode, _digest(code), with_for_update=True)
    known = session.get(Terminal, terminal)
    used = row is not None and row.used_by_key is not None
    if row is not None and used and (known is None or not _is_repeated(session, row, known, key, reader)):
        alarms.raise_misused(row, now)
        return None
    good = row is not None and row.terminal == terminal and row.expires_unix > now
    if not good or row is None or known is None or known.state == TerminalState.REVOKED:
        raise Problem(403, Code.ENROLMENT_REFUSED)
    if row.used_by_key is not None:
        return known.place
    row.used_by_key = key
    known.public_key, known.state, known.enrolled_unix = key, TerminalState.ENROLLED, now
    readers.pin(session, terminal, reader, now)
    return known.place


def _is_repeated(session: Session, row: EnrolmentCode, known: Terminal, key: str, reader: Reader) -> bool:
    """Return whether a used code is sent again by the terminal that used it, with what it still has."""
    same_key = row.terminal == known.id and row.used_by_key == key == known.public_key
    return same_key and readers.is_pinned(session, known.id, reader)


def rotate(session: Session, terminal: str, key: str, proof: str, now: float) -> None:
    """Replace the key that signed the request by `key` (as it is stored). Raises Problem 403.

    `proof` is a signature of the new key. Asked again with the new key, it changes nothing: the first answer
    may have been lost.
    """
    try:
        proven = load_key(key).verifies(from_base64url(proof), f"kiosk-rotate-v1|{terminal}|{key}".encode())
    except ValueError:
        proven = False
    if not proven:
        raise Problem(403, Code.ENROLMENT_REFUSED, "the new key does not prove itself")
    row = session.get_one(Terminal, terminal, with_for_update=True)
    if row.public_key != key:
        row.public_key, row.rotated_unix = key, now


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
