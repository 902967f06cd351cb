from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from central.settings import SQLITE
from central.storage.database import Database, migrate
from tests.support.central_server import RunningCentral, running_central
from tests.support.postgresql import PostgresqlForTests
from tests.support.protocol_terminal import ProtocolTerminal

ENGINES = ("sqlite", "postgresql")
_QUICK = "[recheck]\nafter_in_simulation_s = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]\n"


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a fresh database with central's tables: SQLite, then PostgreSQL."""
    if request.param == "postgresql":
        cluster: PostgresqlForTests = request.getfixturevalue("postgresql")
        with cluster.fresh() as url:
            yield url
    else:
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / SQLITE)
        yield f"sqlite:///{tmp_path / SQLITE}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / SQLITE
    with closing(Database(f"sqlite:///{file}")) as database:
        migrate(database.engine)
    return file


@pytest.fixture(scope="session")
def central_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    with running_central(tmp_path_factory.mktemp("central"), settings=_QUICK) as running:
        yield running


@pytest.fixture(scope="session")
def central_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgresqlForTests
) -> Iterator[RunningCentral]:
    folder = tmp_path_factory.mktemp("central")
    with postgresql.fresh() as url, running_central(folder, settings=_QUICK, database_url=url) as running:
        yield running


@pytest.fixture(params=ENGINES)
def central(request: pytest.FixtureRequest) -> RunningCentral:
    """Return the server that all tests share which leave it as they found it, on each engine."""
    running: RunningCentral = request.getfixturevalue(f"central_on_{request.param}")
    return running


@pytest.fixture
def terminal(central: RunningCentral) -> ProtocolTerminal:
    return ProtocolTerminal(central)
