"""Two processes that erase at the same time on one PostgreSQL: each row is counted once."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from central.privacy import retention
from central.settings import Retention
from central.storage.database import Database
from tests.central.test_retention import NOW, fill

KEY = Ed25519PrivateKey.generate()
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    with closing(Database(postgresql_url)) as database:
        yield database


def test_rows_that_two_processes_erase_are_counted_once(database: Database) -> None:
    """The second one begins while the first has erased and not committed."""
    fill(database)
    results: list[list[retention.ErasureReceipt]] = []
    category = retention.categories(Retention())[0]
    other = threading.Thread(
        target=lambda: results.append(retention.erase(database, KEY, Retention(), NOW)), daemon=True
    )
    with database.write() as session:
        retention._erase_category(session, category, KEY, NOW, "job")
        session.flush()
        other.start()
        wait_until_one_waits(database)
    other.join(60)
    assert [one.kind for one in results[0]] == ["ended credentials", "challenges"]
    with database.read() as session:
        receipts = retention.verify(retention.tokens(session), KEY.public_key())
    assert [one.count for one in receipts] == [2, 1, 2]


def wait_until_one_waits(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for _ in range(6000):
            if connection.scalar(WAITING):
                return
            connection.scalar(text("SELECT pg_sleep(0.01)"))
    raise AssertionError("no transaction waits for another")
