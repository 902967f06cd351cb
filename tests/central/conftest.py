import os
from collections.abc import Iterator

import pytest

from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal


@pytest.fixture(scope="session")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    """Run one server in simulation for all tests that leave it as they found it.

    With TEST_CENTRAL_DATABASE_URL it works on that (empty) PostgreSQL database.
    """
    quick = "[recheck]\nafter_in_simulation_s = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]\n"
    folder, url = tmp_path_factory.mktemp("central"), os.environ.get("TEST_CENTRAL_DATABASE_URL", "")
    with running_central(folder, settings=quick, database_url=url) as running:
        yield running


@pytest.fixture
def terminal(central: RunningCentral) -> ProtocolTerminal:
    return ProtocolTerminal(central)
