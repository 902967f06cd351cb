"""Central's real application called in the test's own process, without a socket."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from central.api.app import application
from central.api.dependencies import build
from central.fleet import terminals
from central.security import keys
from central.settings import Requests, Settings
from tests.support.protocol_terminal import ProtocolTerminal

NO_RATE_LIMIT = Requests(per_s=1e9, burst=10**9, strangers_per_s=1e9, strangers_burst=10**9)
BASE_URL = "http://testserver"


class InProcessTerminal(ProtocolTerminal):
    """Terminal whose requests go to an application in this process."""

    def _session(self) -> Any:
        return Session(self.central.client)


class Client:
    """Call the application without a socket; central itself has to turn exceptions into answers."""

    def __init__(self, app: Any) -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    def request(self, method: str, url: str, **other: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, url, **other))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


class Session:
    """The part of `requests.Session` that `ProtocolTerminal` uses."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def post(self, url: str, json: Any, timeout: float) -> Any:
        return self._client.request("POST", url, json=json)

    def request(self, method: str, url: str, data: bytes, headers: dict[str, str], timeout: float) -> Any:
        return self._client.request(method, url, content=data, headers=headers)


class InProcessCentral:
    """Replacement for `RunningCentral`: the same attributes, no process."""

    url, ca, simulation = "", "", True

    def __init__(self, folder: Path, requests: Requests = NO_RATE_LIMIT) -> None:
        keys.make(folder / "keys")
        self.service = build(Settings(data=folder, simulation=True, requests=requests))
        self.app = application(self.service)
        self.client = Client(self.app)

    def enrol_code(self, name: str) -> str:
        with self.service.database.write() as session:
            return terminals.enrolment_code(session, name, "测试点", 1e9, 1e9 + 1e9)

    def close(self) -> None:
        self.client.close()
        self.service.database.close()
