"""Statements of the hot paths, compiled once for each kind of database.

SQLAlchemy finds a compiled statement again by walking over the whole of it, which takes longer than the
database needs for a query of many parts. A statement that never changes need not be looked for.
"""

from typing import Any, NamedTuple

from sqlalchemy import CursorResult, Dialect, Executable, bindparam, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ClauseElement

from central.storage.tables import Base


class _Compiled(NamedTuple):
    sql: str
    values: dict[str, Any]  # of the parameters that are a part of the statement


class Prepared:
    """A statement whose parameters are `bindparam`s, and whose values need no conversion by their type."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, session: Session, **values: Any) -> CursorResult[Any]:
        """Execute the statement in the session's transaction. Raises SQLAlchemyError.

        What the session holds is flushed before, but not read anew after.
        """
        session.flush()
        connection = session.connection()
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        return connection.exec_driver_sql(compiled.sql, compiled.values | values)

    def _compile(self, dialect: Dialect) -> _Compiled:
        assert isinstance(self._statement, ClauseElement)
        # Named parameters on every database: SQLite's dialect would number them.
        kind: Any = type(dialect)
        named = kind(paramstyle="pyformat" if dialect.name == "postgresql" else "named")
        made = self._statement.compile(dialect=named)
        compiled = _Compiled(str(made), dict(made.params))
        self._compiled[dialect.name] = compiled
        return compiled


class PreparedInsert:
    """Inserts objects of one table that no session holds, at once and without the unit of work."""

    def __init__(self, table: type[Base]) -> None:
        columns = list(table.__table__.columns)
        self._defaults = {one.key: getattr(one.default, "arg", None) for one in columns}
        self._insert = Prepared(insert(table).values({one.key: bindparam(one.key) for one in columns}))

    def __call__(self, session: Session, row: Base) -> None:
        """Insert the row, with the defaults of its columns. Raises SQLAlchemyError."""
        values = {name: getattr(row, name) for name in self._defaults}
        self._insert(session, **{k: self._defaults[k] if v is None else v for k, v in values.items()})
