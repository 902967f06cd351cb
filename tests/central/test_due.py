"""What is due at the register: found by an index, claimed by one process, by the database's clock."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, insert, text, update

from central.activation.activations import Activations
from central.activation.authority import NoAuthority
from central.activation.simulated_authority import People
from central.security import keys
from central.settings import Settings
from central.storage.clock import DatabaseClock
from central.storage.database import Database, migrate
from central.storage.tables import Activation, Status, Terminal
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.postgresql import PostgresqlForTests

NOW, LONG_S = 1_790_000_000.0, 120.0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        cluster: PostgresqlForTests = request.getfixturevalue("postgresql")
        with cluster.fresh() as fresh:
            yield fresh
        return
    made = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    with closing(Database(made)) as database:
        migrate(database.engine)
    yield made


@contextmanager
def opened(url: str, folder: Path) -> Iterator[tuple[Database, Activations]]:
    """One process's connections and what it does with them."""
    keys.make(folder / "keys")
    with closing(Database(url)) as database:
        yield (
            database,
            Activations(
                database=database,
                keys=keys.load(folder / "keys"),
                authority=NoAuthority(),
                settings=Settings(data=folder),
                clock=lambda: NOW,
            ),
        )


def fill(database: Database, *, due: int, waiting: int = 0, settled: int = 0) -> None:
    """Store activations, of which so many are due."""

    def rows() -> Iterator[dict[str, Any]]:
        for i in range(due):
            orphaned = i % 2 == 0
            status = Status.RUNNING if orphaned else Status.PENDING
            yield {
                "status": status.value,
                "recheck_unix": None if orphaned else NOW - i,
                "lease_unix": NOW - i,
            }
        for i in range(waiting):
            yield {"status": Status.PENDING.value, "recheck_unix": NOW + 1 + i, "lease_unix": 0.0}
        for _ in range(settled):
            yield {"status": Status.ACTIVATED.value, "recheck_unix": None, "lease_unix": 0.0}

    common = {"terminal": "T", "body_sha256": "", "evidence": "", "received_unix": NOW}
    with database.write() as session:
        session.add(Terminal(id="T"))
        session.flush()
        session.execute(insert(Activation), [{"id": f"V{i}"} | common | row for i, row in enumerate(rows())])


def test_each_due_request_is_claimed_once_by_processes_at_the_same_time(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path / "a") as (database, one), opened(url, tmp_path / "b") as (_, other):
        fill(database, due=60, waiting=5, settled=5)

        def claim_all(worker: Activations) -> list[str]:
            found: list[str] = []
            while claims := worker.claim_due(4):
                found += [claim.visit for claim in claims]
            return found

        with ThreadPoolExecutor(4) as pool:
            claimed = [visit for part in pool.map(claim_all, (one, other, one, other)) for visit in part]
        claimed += claim_all(one)  # a row that two wanted at once is free for the next round
    assert Counter(claimed) == Counter(f"V{i}" for i in range(60))


def test_a_row_that_another_transaction_holds_is_left_out(postgresql_url: str, tmp_path: Path) -> None:
    with opened(postgresql_url, tmp_path) as (database, worker):
        fill(database, due=2)
        with database.write() as session:
            session.get_one(Activation, "V0", with_for_update=True)
            assert [claim.visit for claim in worker.claim_due(20)] == ["V1"]  # and does not wait
        assert [claim.visit for claim in worker.claim_due(20)] == ["V0"]


def test_a_worker_of_the_release_before_shares_the_work(postgresql_url: str, tmp_path: Path) -> None:
    """It is simulated by its statements: it reads what is due, and takes each lease by itself."""
    due = text(
        "SELECT id FROM activations WHERE (status = 'RUNNING' OR status = 'PENDING' AND recheck_unix <= :now)"
        " AND lease_unix <= :now ORDER BY recheck_unix LIMIT 20"
    )
    lock = text("SELECT lease_unix FROM activations WHERE id = :id FOR UPDATE")
    take = text("UPDATE activations SET lease_unix = :lease WHERE id = :id")
    with opened(postgresql_url, tmp_path) as (database, worker):
        fill(database, due=60, waiting=5, settled=5)

        def of_this_release() -> list[str]:
            found: list[str] = []
            while claims := worker.claim_due(4):
                found += [claim.visit for claim in claims]
            return found

        def of_the_one_before() -> list[str]:
            found: list[str] = []
            while True:
                with database.engine.connect() as connection:
                    visits = list(connection.scalars(due, {"now": NOW}))
                if not visits:
                    return found
                for visit in visits:
                    with database.engine.begin() as connection:
                        if connection.scalar(lock, {"id": visit}) <= NOW:
                            connection.execute(take, {"id": visit, "lease": NOW + 30})
                            found.append(visit)

        with ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(one) for one in (of_this_release, of_the_one_before) * 2]
            claimed = [visit for one in workers for visit in one.result()]
        claimed += of_this_release()
    assert Counter(claimed) == Counter(f"V{i}" for i in range(60))


def test_what_waits_costs_nothing_until_it_is_due(postgresql_url: str, tmp_path: Path) -> None:
    """Both queries read what is due from their index, and nothing of the 30,000 others."""
    plans: list[dict[str, Any]] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("WITH due"):
            cursor = psycopg.RawCursor(connection.connection.dbapi_connection)
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
            plans.append(cursor.fetchone()[0][0]["Plan"])

    with opened(postgresql_url, tmp_path) as (database, worker):
        fill(database, due=4, waiting=15_000, settled=15_000)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE activations"))
        event.listen(database.engine, "before_cursor_execute", explain)
        worker.claim_due(20)
    scans = [node for plan in plans for node in nodes(plan) if node.get("Relation Name") == "activations"]
    used = {node["Index Name"] for node in scans if "Index Name" in node}
    assert {"ix_activations_lease_unix", "ix_activations_recheck_unix"} <= used
    assert all("Index Name" in node for node in scans if node["Node Type"] != "ModifyTable")
    read = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in scans
    )
    assert read <= 4 * len(scans)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────


def test_the_time_is_the_databases(postgresql_url: str, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setattr(time, "time", lambda: 1.0)
    with closing(Database(postgresql_url)) as database:
        clock = DatabaseClock(database)
        with database.read() as session:
            now = session.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
        assert abs(clock() - float(now)) < LONG_S
        assert clock.off_s() < -LONG_S
    assert "differs by" in caplog.text


def test_a_file_has_the_clock_of_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 7.0)
    with closing(Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")) as database:
        assert DatabaseClock(database)() == 7.0


def test_processes_with_wrong_clocks_do_nothing_twice_and_starve_nothing(
    postgresql_url: str, tmp_path: Path
) -> None:
    """One process is five minutes ahead and one as much behind; the lease is half a minute."""
    central = InProcessCentral(tmp_path / "central", database_url=postgresql_url)
    central.service.authority.replace(People.model_validate({"default": "not_found"}))
    terminal = InProcessTerminal(central)
    visits = [terminal.activate(terminal.activation()).json()["id"] for _ in range(4)]
    with central.service.database.write() as session:  # so that both clocks agree that it is time
        session.execute(update(Activation).values(recheck_unix=time.time() - 1000))
    asked = [tmp_path / "ahead", tmp_path / "behind"]
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.rechecking_process",
                str(tmp_path / "central"),
                postgresql_url,
                seconds,
                str(file),
            ],
            stdin=subprocess.PIPE,
        )
        for seconds, file in zip(("300", "-300"), asked, strict=True)
    ]
    try:
        deadline = time.monotonic() + LONG_S
        while statuses(central) != {"ACTIVATED"} and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        ends = [process.wait(LONG_S) for process in processes]
    assert (statuses(central), ends) == ({"ACTIVATED"}, [0, 0])
    numbers = [line for file in asked if file.exists() for line in file.read_text().splitlines()]
    assert len(numbers) == len(set(numbers)) == len(visits)
    central.close()


def statuses(central: InProcessCentral) -> set[str]:
    with central.service.database.read() as session:
        return {row.status for row in session.query(Activation)}
