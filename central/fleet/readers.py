"""Card readers: which one is pinned to a terminal, since when, and the permission to pin another."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.codes import Code
from central.exceptions import Problem
from central.protocol.messages import Reader
from central.storage.tables import ReaderPin, Terminal, TerminalState


@dataclass(frozen=True)
class ReaderPeriod:
    """A period in which a card reader was pinned to a terminal."""

    reader: Reader
    from_unix: float
    until_unix: float | None  # None: still


def pin(session: Session, terminal: str, reader: Reader, now: float) -> None:
    """Pin `reader` from now on; the one before stays stored, for requests that come late."""
    before = _current(session, terminal)
    if before is not None:
        if _reader(before) == reader:
            return
        before.until_unix = now
    session.add(ReaderPin(terminal=terminal, sam=reader.sam, socket=reader.socket, from_unix=now))


def permit(session: Session, terminal: str, until_unix: float) -> bool:
    """Let a terminal pin another reader once, until then. Return False if it is not enrolled."""
    row = session.get(Terminal, terminal)
    if row is None or row.state != TerminalState.ENROLLED:
        return False
    row.reader_permitted_unix = until_unix
    return True


def replace(session: Session, terminal: str, reader: Reader, now: float) -> None:
    """Pin `reader` and end the permission. Raises Problem 403 without one.

    The pinned reader is accepted without: the first answer may have been lost.
    """
    if is_pinned(session, terminal, reader):
        return
    row = session.get_one(Terminal, terminal, with_for_update=True)
    if row.reader_permitted_unix is None or row.reader_permitted_unix <= now:
        raise Problem(403, Code.READER_CHANGED, "an operator of central has to permit it first")
    row.reader_permitted_unix = None
    pin(session, terminal, reader, now)


def is_pinned(session: Session, terminal: str, reader: Reader) -> bool:
    """Return whether `reader` is the one that is pinned to a terminal now."""
    row = _current(session, terminal)
    return row is not None and _reader(row) == reader


def current(session: Session) -> dict[str, str]:
    """Return the security module's number of each terminal's reader."""
    rows = session.scalars(select(ReaderPin).where(ReaderPin.until_unix.is_(None)))
    return {row.terminal: row.sam for row in rows}


def _current(session: Session, terminal: str) -> ReaderPin | None:
    query = select(ReaderPin).where(ReaderPin.terminal == terminal, ReaderPin.until_unix.is_(None))
    return session.scalars(query).first()


def _reader(row: ReaderPin) -> Reader:
    return Reader(sam=row.sam, socket=row.socket)
