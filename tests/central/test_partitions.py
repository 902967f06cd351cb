"""Spent signatures in parts by the hour on PostgreSQL: made ahead, dropped whole, and never one twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from central.storage.database import Database, is_duplicate, migrate, storage_problem
from central.storage.partitions import SEEN_TOKENS, drop_before, make_ahead
from central.storage.tables import SeenToken

HOUR, NOW = 3600, 1_790_000_000.0
FIRST = int(NOW // HOUR) * HOUR
ALL = SEEN_TOKENS.ahead + 1


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    with closing(Database(postgresql_url)) as made:
        yield made


def spend(database: Database, nonce: str, expires: float) -> None:
    with database.write() as session:
        session.add(SeenToken(terminal="T", jti=nonce, expires_unix=expires))


def where(database: Database) -> dict[str, str]:
    with database.read() as session:
        return dict(session.execute(text("SELECT jti, tableoid::regclass::text FROM seen_tokens")).all())


def test_parts_are_made_ahead_and_hold_the_rows_of_their_hour(database: Database) -> None:
    assert make_ahead(database.engine, SEEN_TOKENS, NOW) == ALL
    assert make_ahead(database.engine, SEEN_TOKENS, NOW) == 0
    assert make_ahead(database.engine, SEEN_TOKENS, NOW + 2 * HOUR) == 2
    spend(database, "now", NOW)
    spend(database, "next", FIRST + HOUR)
    assert where(database) == {"now": f"seen_tokens_p{FIRST}", "next": f"seen_tokens_p{FIRST + HOUR}"}


def test_processes_that_make_parts_at_once_make_each_once(database: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: make_ahead(database.engine, SEEN_TOKENS, NOW), range(3)))
    assert sorted(made) == [0, 0, ALL]


@pytest.mark.parametrize("is_made", [True, False])
def test_a_signature_is_spent_once_also_where_no_part_was_made(database: Database, is_made: bool) -> None:
    if is_made:
        make_ahead(database.engine, SEEN_TOKENS, NOW)
    spend(database, "nonce", NOW)
    assert where(database) == {"nonce": f"seen_tokens_p{FIRST}" if is_made else "seen_tokens_default"}
    with pytest.raises(IntegrityError) as refused:
        spend(database, "nonce", NOW)
    assert is_duplicate(refused.value)


def test_a_row_whose_part_was_made_meanwhile_is_no_replay_but_busy(database: Database) -> None:
    make_ahead(database.engine, SEEN_TOKENS, NOW)
    late = text("INSERT INTO seen_tokens_default (terminal, jti, expires_unix) VALUES ('T', 'nonce', :at)")
    with pytest.raises(IntegrityError) as refused, database.write() as session:
        session.execute(late, {"at": NOW})
    assert not is_duplicate(refused.value)
    problem = storage_problem(refused.value)
    assert problem is not None
    assert problem.status == 503


def test_a_signature_of_before_the_parts_stays_spent(database: Database) -> None:
    migrate(database.engine, "base")
    migrate(database.engine, "0015")
    spend(database, "nonce", NOW)
    migrate(database.engine)
    with pytest.raises(IntegrityError):
        spend(database, "nonce", NOW)


def test_an_hour_with_rows_in_the_default_part_stays_there_and_hinders_no_other(database: Database) -> None:
    spend(database, "early", NOW)
    assert make_ahead(database.engine, SEEN_TOKENS, NOW) == ALL - 1
    spend(database, "late", FIRST + HOUR)
    assert where(database) == {"early": "seen_tokens_default", "late": f"seen_tokens_p{FIRST + HOUR}"}
    with pytest.raises(IntegrityError):
        spend(database, "early", NOW)
    assert drop_before(database.engine, SEEN_TOKENS, NOW + 1) == 0
    assert where(database) == {"late": f"seen_tokens_p{FIRST + HOUR}"}


def test_only_parts_that_have_expired_whole_are_dropped(database: Database) -> None:
    make_ahead(database.engine, SEEN_TOKENS, NOW)
    for i in range(3):
        spend(database, str(i), FIRST + i * HOUR)
    assert drop_before(database.engine, SEEN_TOKENS, FIRST + 2 * HOUR - 1) == 1
    assert set(where(database)) == {"1", "2"}
    assert drop_before(database.engine, SEEN_TOKENS, FIRST + 2 * HOUR) == 1
    assert set(where(database)) == {"2"}


def test_a_query_for_an_hour_reads_no_other_part(database: Database) -> None:
    make_ahead(database.engine, SEEN_TOKENS, NOW)
    with database.read() as session:
        plan = "\n".join(
            session.scalars(
                text(f"EXPLAIN SELECT * FROM seen_tokens WHERE expires_unix = {FIRST + 5 * HOUR}")
            )
        )
    assert f"seen_tokens_p{FIRST + 5 * HOUR}" in plan
    assert plan.count(" on seen_tokens") == 1
