"""Statements of the hot paths, compiled once for each kind of database and handed to its driver directly.

SQLAlchemy finds a compiled statement again by walking over the whole of it, and wraps each result; psycopg
does much in Python for each statement. Both take longer than the database needs. Transactions, connections
and errors stay theirs.
"""

import itertools
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Dialect, Insert, Update, bindparam, insert
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import Session
from sqlalchemy.sql import Executable
from sqlalchemy.sql.elements import ClauseElement

from central.storage.tables import Base


class Rows(NamedTuple):
    """What a statement returned. `rowcount`: how many rows it changed."""

    found: list[Any]
    rowcount: int

    def all(self) -> list[Any]:
        """Return all rows, whose values are attributes by the names of their columns."""
        return self.found

    def first(self) -> Any:
        """Return the first row; None if there is none."""
        return self.found[0] if self.found else None

    def one(self) -> Any:
        """Return the first row. Raises NoResultFound."""
        if not self.found:
            raise NoResultFound
        return self.found[0]


class Prepared:
    """A statement whose parameters are `bindparam`s, and whose values need no conversion by their type."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, session: Session, **values: Any) -> Rows:
        """Execute the statement in the session's transaction. Raises DBAPIError.

        What the session holds is flushed before, but not read anew after.
        """
        session.flush()
        connection = _connection(session)
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            kind = _ForPostgresql if dialect.name == "postgresql" else _ForSqlite
            compiled = self._compiled[dialect.name] = kind(self._statement, dialect)
        given = compiled.parameters(values)
        try:
            for told in connection.dispatch.before_cursor_execute:
                told(connection, None, compiled.sql, given, None, False)
            for told in dialect.dispatch.do_execute:
                told(None, compiled.sql, given, None)
            return compiled.execute(connection, given)
        except dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy_has_it(connection, error, compiled.sql) from error


class PreparedTogether:
    """Writes to several tables: one statement on PostgreSQL, one after the other on SQLite.

    On PostgreSQL none of them sees what the others write; the names of their parameters must differ.
    """

    def __init__(self, *writes: Insert | Update) -> None:
        *others, last = writes
        ctes = [one.cte(f"write_{i}") for i, one in enumerate(others)]
        self._at_once = Prepared(last.add_cte(*ctes))
        self._singly = [Prepared(one) for one in writes]

    def __call__(self, session: Session, **values: Any) -> None:
        """Execute the statements in the session's transaction. Raises DBAPIError."""
        if session.get_bind().dialect.name == "postgresql":
            self._at_once(session, **values)
        else:
            for one in self._singly:
                one(session, **values)


class Columns:
    """The columns of a table, as the parameters of an INSERT of an object that no session holds."""

    def __init__(self, table: type[Base]) -> None:
        columns = list(table.__table__.columns)
        self._defaults = {one.key: getattr(one.default, "arg", None) for one in columns}
        self.insert = insert(table).values({one.key: bindparam(one.key) for one in columns})

    def of(self, row: Base) -> dict[str, Any]:
        """Return the values of `insert` for this row, with the defaults of its columns."""
        given = row.__dict__
        return {k: default if (v := given.get(k)) is None else v for k, default in self._defaults.items()}


class _Compiled(Protocol):
    """A statement as a driver takes it."""

    sql: str

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return the parameters in the driver's form."""

    def execute(self, connection: Connection, parameters: Any) -> Rows:
        """Execute it. Raises the driver's Error."""


_RowMaker = Callable[[Iterable[Any]], Any]


def _row_maker(columns: list[str]) -> _RowMaker:
    made: _RowMaker = namedtuple("Row", columns, rename=True)._make  # type: ignore[attr-defined]
    return made


class _ForSqlite:
    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        made = _compile(statement, dialect, "named")
        self.sql = str(made)
        self._own = dict(made.params)  # parameters that are a part of the statement
        self._row: _RowMaker | None = None

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._own, **values}

    def execute(self, connection: Connection, parameters: Any) -> Rows:
        cursor: Any = connection.connection.cursor()
        cursor.execute(self.sql, parameters)
        if cursor.description is None:
            return Rows([], cursor.rowcount)
        self._row = self._row or _row_maker([one[0] for one in cursor.description])
        return Rows(list(map(self._row, cursor.fetchall())), cursor.rowcount)


_numbers = itertools.count(1)


class _ForPostgresql:
    """Calls libpq, which waits for the answer itself and lets other threads run meanwhile.

    psycopg's cursors wait in Python, ready to be interrupted, which takes four times as much CPU.
    """

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        made = _compile(statement, dialect, "numeric_dollar")
        self.sql = str(made)
        self._own = dict(made.params)
        self._names: list[str] = made.positiontup or []
        self._driver: Any = dialect.loaded_dbapi
        self._name = f"central_{next(_numbers)}".encode()
        self._row: _RowMaker | None = None

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        given = {**self._own, **values}
        return [given[name] for name in self._names]

    def execute(self, connection: Connection, parameters: Any) -> Rows:
        of_connection, raw = connection.info, connection.connection.dbapi_connection
        libpq: Any = raw.pgconn  # type: ignore[union-attr]
        if libpq.transaction_status == self._driver.pq.TransactionStatus.IDLE:
            self._check(libpq, libpq.exec_(b"BEGIN"))
        prepared: set[bytes] = of_connection.setdefault("prepared", set())
        if self._name not in prepared:
            self._check(libpq, libpq.prepare(self._name, self.sql.encode()))
            prepared.add(self._name)
        result = libpq.exec_prepared(self._name, [self._text(value) for value in parameters])
        if self._check(libpq, result) != self._driver.pq.ExecStatus.TUPLES_OK:
            return Rows([], result.command_tuples or 0)
        loads = of_connection.get("loads")
        if loads is None:
            loads = of_connection["loads"] = self._driver.adapt.Transformer(raw)
        self._row = self._row or _row_maker([result.fname(i).decode() for i in range(result.nfields)])
        loads.set_pgresult(result)
        return Rows(loads.load_rows(0, result.ntuples, self._row), result.ntuples)

    def _check(self, libpq: Any, result: Any) -> Any:
        """Return the result's status. Raises the driver's Error."""
        status, known = result.status, self._driver.pq.ExecStatus
        if status in (known.COMMAND_OK, known.TUPLES_OK):
            return status
        if libpq.status == self._driver.pq.ConnStatus.BAD:
            raise self._driver.OperationalError("the connection is lost")
        raise self._driver.errors.error_from_result(result)

    def _text(self, value: Any) -> bytes | None:
        """Return a value as PostgreSQL reads it."""
        if value is None:
            return None
        if isinstance(value, str):
            text = value.encode()
            if b"\0" in text:  # where libpq would cut it off
                raise self._driver.DataError("a text with a NUL")
            return text
        if isinstance(value, bytes):
            return b"\\x" + value.hex().encode()
        return str(value).encode()


def _compile(statement: Executable, dialect: Dialect, paramstyle: str) -> Any:
    assert isinstance(statement, ClauseElement)
    kind: Any = type(dialect)
    return statement.compile(dialect=kind(paramstyle=paramstyle))


def _connection(session: Session) -> Connection:
    """Return the session's connection, which is the same for a whole transaction."""
    transaction = session.get_transaction()
    known: tuple[object, Connection] | None = session.info.get("connection")
    if known is not None and transaction is not None and known[0] is transaction:
        return known[1]
    connection = session.connection()
    session.info["connection"] = session.get_transaction(), connection
    return connection


def _as_sqlalchemy_has_it(connection: Connection, error: Exception, sql: str) -> Exception:
    """Return the error as SQLAlchemy would raise it; a connection that is lost leaves the pool."""
    dialect = connection.dialect
    driver: Any = dialect.loaded_dbapi
    cause: Any = error
    is_lost = not connection.invalidated and dialect.is_disconnect(
        cause, connection.connection.dbapi_connection, None
    )
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql,
        None,
        error,
        driver.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
