"""A server outside of simulation and without a register refuses simulated requests and activates nobody."""

from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    with running_central(tmp_path_factory.mktemp("production"), simulation=False) as running:
        yield running


def test_simulated_requests_are_refused(production: RunningCentral) -> None:
    terminal = ProtocolTerminal(production)
    receipt = terminal.activate(terminal.activation(simulated=True)).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.simulated")


def test_without_a_register_requests_stay_pending(production: RunningCentral) -> None:
    terminal = ProtocolTerminal(production)
    receipt = terminal.activate(terminal.activation()).json()
    assert (receipt["status"], receipt["code"]) == ("PENDING", "authority.unavailable")
    assert receipt["recheck_unix"] is not None


@pytest.mark.parametrize("path", ["/simulation/credentials", "/docs", "/redoc"])
def test_simulation_and_documentation_routes_do_not_exist(production: RunningCentral, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        production.get(path)
    assert refused.value.code == 404


def test_people_cannot_be_set(production: RunningCentral) -> None:
    with pytest.raises(HTTPError) as refused:
        production.people()
    assert refused.value.code == 404


def test_health_reports_production(production: RunningCentral) -> None:
    health = production.get("/v1/health")
    assert (health["status"], health["simulation"]) == ("ok", False)
