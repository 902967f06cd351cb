"""Tables that PostgreSQL keeps in parts by time, so that what has expired is dropped and not deleted.

Parts are made ahead of time. A row for which none was made goes to the default part, where every constraint
holds too; it is deleted from there, row by row. SQLite has no parts.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, column, delete, text
from sqlalchemy import table as sa_table
from sqlalchemy.exc import IntegrityError

from central.storage.tables import SeenToken

_LOCK = 0x70617274  # "part"; advisory locks of PostgreSQL are numbers
_WAIT = "SET LOCAL lock_timeout = '2s'"  # requests queue behind it no longer; the next round tries again


@dataclass(frozen=True, kw_only=True)
class PartitionedTable:
    """A table and the column, in seconds since 1970-01-01 UTC, that says which part a row is in."""

    name: str
    column: str
    width_s: int  # of a part
    ahead: int  # parts that are made ahead


SEEN_TOKENS = PartitionedTable(
    name=SeenToken.__tablename__, column=SeenToken.expires_unix.key, width_s=3600, ahead=24
)


def make_ahead(engine: Engine, table: PartitionedTable, now: float) -> int:
    """Make the parts from `now` on that are missing; return how many.

    A part whose time has rows in the default part already is left out. Raises SQLAlchemyError: another
    program holds the table.
    """
    if engine.dialect.name != "postgresql":
        return 0
    first = int(now // table.width_s) * table.width_s
    with engine.begin() as connection:
        _take_turn(connection)
        missing = {first + i * table.width_s for i in range(table.ahead + 1)} - _starts(connection, table)
        return sum(_make(connection, table, start) for start in sorted(missing))


def drop_before(engine: Engine, table: PartitionedTable, before: float) -> int:
    """Drop the parts all of whose rows are of before a time; return how many.

    Such rows in the default part are deleted. Raises SQLAlchemyError: another holds the table.
    """
    with engine.begin() as connection:
        _take_turn(connection)
        old = [start for start in _starts(connection, table) if start + table.width_s <= before]
        for start in old:
            connection.execute(text(f"DROP TABLE {_part(table, start)}"))
        rest = sa_table(f"{table.name}_default", column(table.column))
        connection.execute(delete(rest).where(rest.c[table.column] < before))
    return len(old)


def _take_turn(connection: Connection) -> None:
    """Let one process at a time change parts, and wait for no other program long."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text(_WAIT))


def _make(connection: Connection, table: PartitionedTable, start: int) -> bool:
    """Make a part beside the table and attach it, which lets readers and writers of the others go on."""
    part = _part(table, start)
    values = f"FROM ({start}) TO ({start + table.width_s})"
    try:
        with connection.begin_nested():
            connection.execute(text(f"CREATE TABLE {part} (LIKE {table.name} INCLUDING ALL)"))
            connection.execute(text(f"ALTER TABLE {table.name} ATTACH PARTITION {part} FOR VALUES {values}"))
    except IntegrityError:
        return False
    return True


def _starts(connection: Connection, table: PartitionedTable) -> set[int]:
    query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:name)")
    names = connection.scalars(query, {"name": table.name})
    prefix = _part(table, "")
    return {int(name.removeprefix(prefix)) for name in names if name.startswith(prefix)}


def _part(table: PartitionedTable, start: int | str) -> str:
    return f"{table.name}_p{start}"
