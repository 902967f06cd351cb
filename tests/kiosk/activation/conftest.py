from pathlib import Path

import pytest

from kiosk.activation import identity
from kiosk.activation.database import Database
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.outbox import Outbox
from kiosk.clock import TerminalClock
from kiosk.simulators.card_reader import READER
from tests.support.activation_terminal import ActivationTerminal
from tests.support.stub_central import ENROL_CODE, StubCentral


@pytest.fixture
def database(tmp_path: Path):
    made = Database(tmp_path / "outbox.sqlite3")
    yield made
    made.close()


@pytest.fixture
def outbox(database):
    return Outbox(database)


@pytest.fixture
def stub(tmp_path: Path):
    with StubCentral(tmp_path / "central") as made:
        yield made


@pytest.fixture
def enrolled(stub, tmp_path: Path):
    """The identity of terminal T-1, enrolled at the stub."""
    return identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "identity", reader=READER)


@pytest.fixture
def gateway(stub, enrolled):

    wire = HttpClient(stub.url, stub.ca, connect_s=2.0, answer_s=2.0)
    made = Gateway(wire, enrolled, TerminalClock(), heartbeat_s=2.0)
    yield made
    made.close()


@pytest.fixture
def terminal(stub, enrolled, tmp_path: Path):
    """Outbox, pool, gateway, delivery and submission over real files and a real socket."""
    made = ActivationTerminal(tmp_path / "terminal.sqlite3", enrolled, stub.url, stub.ca)
    yield made
    made.close()
