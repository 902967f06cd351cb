"""Connections to PostgreSQL as central needs them: quick to use, and replaced when they were lost."""

import select
import time
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError

ASK_AFTER_S = 5.0
"""A connection that was not used for so long is asked whether it works: a network may fail silently."""
_USED = "used"


class _Connection(psycopg.Connection[Any]):
    """Ends transactions by one call of libpq.

    psycopg's own waits in Python, and would have all prepared statements forgotten after each ROLLBACK.
    """

    def commit(self) -> None:
        """Commit. Raises psycopg.Error if that cannot be said to have happened."""
        self._end(b"COMMIT")

    def rollback(self) -> None:
        """Roll back. Raises psycopg.Error."""
        self._end(b"ROLLBACK")

    def _end(self, command: bytes) -> None:
        with self.lock:
            if self.pgconn.transaction_status == pq.TransactionStatus.IDLE:
                return
            result = self.pgconn.exec_(command)
        if self.pgconn.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("the connection is lost")
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)
        if result.command_status != command:  # PostgreSQL rolls back what had failed, and calls it no error
            raise psycopg.InternalError("the transaction had failed before")


def engine(url: URL, **options: Any) -> Engine:
    """Return an engine for the database at `url`. `options`: for `create_engine`."""
    made = create_engine(
        url,
        pool_use_lifo=True,  # those that were used last are warm: their processes have caches and plans
        connect_args={"prepare_threshold": None, "client_encoding": "utf8"},  # see `central.storage.prepared`
        **options,
    )

    @event.listens_for(made, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        return _Connection.connect(*arguments, **named)

    _replace_lost(made)
    return made


def _replace_lost(made: Engine) -> None:
    """Look at each connection that the engine's pool hands out.

    SQLAlchemy's own `pool_pre_ping` asks the server before each transaction. A server that ends a connection
    closes its socket, or says why before; between two transactions nothing else is to be read. So to look is
    enough, and costs no round trip.
    """

    @event.listens_for(made, "checkout")
    def _handed_out(connection: _Connection, record: Any, _fairy: Any) -> None:
        waiting = select.poll()
        try:
            waiting.register(connection.fileno(), select.POLLIN)
            if waiting.poll(0):
                raise DisconnectionError("there is something to read: the server ended it")
            if time.monotonic() - record.info.get(_USED, float("-inf")) > ASK_AFTER_S:
                connection.execute("SELECT 1")
                connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError(type(error).__name__) from None

    @event.listens_for(made, "checkin")
    def _taken_back(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()
