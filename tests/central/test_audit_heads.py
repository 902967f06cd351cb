"""Heads of audit logs: which contradict each other, and what it costs to find out."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, select

from central.fleet import alarms, audit_heads
from central.fleet.audit_heads import AuditHead
from central.storage.database import Database, migrate
from central.storage.tables import AuditAlarm, StoredAuditHead, Terminal

KEPT = 3000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'central.sqlite3'}")) as database:
        migrate(database.engine)
        with database.write() as session:
            session.add(Terminal(id="T", enrolled_unix=0.0))
            session.add_all(
                StoredAuditHead(terminal="T", seq=n, hash=digest(n), at_unix=n * 30.0, signed_unix=n * 30.0)
                for n in range(1, KEPT + 1)
            )
        yield database


def digest(seq: int) -> str:
    return f"{seq:064x}"


def arrive(database: Database, seq: int, signed: float, hash: str = "") -> list[tuple[int, int]]:
    """Take a head and return the alarms: where the log stands now and where it stood."""
    with database.write() as session:
        audit_heads.store(session, "T", AuditHead(seq, hash or digest(seq)), signed, signed + 1)
    with database.read() as session:
        return [(row.seq, row.last_seq) for row in session.scalars(select(AuditAlarm))]


LAST = KEPT * 30.0


@pytest.mark.parametrize(
    ("seq", "signed", "alarm"),
    [
        (KEPT + 1, LAST + 30, []),
        (KEPT, LAST + 30, []),  # nothing was added since
        (1000, 1000 * 30.0, []),  # the same again
        (1000, 1001 * 30.0 - 1, []),  # signed before the next one, delivered long after it
        (1000, 1001 * 30.0 + 4, []),  # … signed while the next one was read
        (1000, 1001 * 30.0 + 6, [(1000, 1001)]),
        (1000, LAST + 30, [(1000, KEPT)]),
        (KEPT - 1, LAST + 6, [(KEPT - 1, KEPT)]),
    ],
)
def test_a_head_contradicts_what_was_signed_before_it_and_stands_after_it(
    database: Database, seq: int, signed: float, alarm: list[tuple[int, int]]
) -> None:
    assert arrive(database, seq, signed) == alarm


def test_another_hash_of_the_same_record_contradicts_it(database: Database) -> None:
    assert arrive(database, KEPT, LAST + 1, "f" * 64) == [(KEPT, KEPT)]


def test_heads_from_before_an_accepted_alarm_contradict_nothing(database: Database) -> None:
    assert arrive(database, 10, LAST + 30) == [(10, KEPT)]
    with database.write() as session:
        alarms.accept(session, "T", "operator", LAST + 60)
    assert arrive(database, 11, LAST + 90, "a" * 64) == [(10, KEPT)]
    assert arrive(database, 9, LAST + 120, "a" * 64) == [(10, KEPT), (9, 11)]


@pytest.mark.parametrize("seq", [1, KEPT + 1])
def test_one_row_is_read_however_many_heads_are_kept(database: Database, seq: int) -> None:
    """Reading all later heads of a terminal took seconds and hundreds of megabytes."""
    loaded: list[object] = []
    event.listen(StoredAuditHead, "load", lambda row, _: loaded.append(row))
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    arrive(database, seq, LAST + 30)
    assert len(loaded) <= 1
    searches = [one for one in statements if "audit_anchors" in one and "seq >= " in one]
    assert len(searches) == 1
    assert "LIMIT" in searches[0]
