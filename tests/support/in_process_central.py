"""Central's real application called in the test's own process, without a socket."""

import asyncio
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from central.api.app import application
from central.api.dependencies import build
from central.fleet import terminals
from central.security import keys
from central.settings import Authority, Evidence, Plausibility, Requests, Settings
from central.storage.database import Database, create_tables
from tests.support.protocol_terminal import ProtocolTerminal

NO_RATE_LIMIT = Requests(per_s=1e9, burst=10**9, strangers_per_s=1e9, strangers_burst=10**9)
QUICK_VISITS = Plausibility(overlap_slack_s=1e9, shortest_s={}, visits_an_hour=10**6, people_a_phone=10**6)
"""Visits of tests take a second, at the same time as others, and give one number."""
BASE_URL = "http://testserver"


class InProcessTerminal(ProtocolTerminal):
    """Terminal whose requests go to an application in this process."""

    def _session(self) -> Any:
        return Session(self.central.client)


class Client:
    """Call the application without a socket; central itself has to turn exceptions into answers."""

    def __init__(self, app: Any, address: str = "127.0.0.1") -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
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

    def __init__(
        self,
        folder: Path,
        requests: Requests = NO_RATE_LIMIT,
        plausibility: Plausibility = QUICK_VISITS,
        authority: Authority = Authority(),  # noqa: B008 - frozen
        evidence: Evidence = Evidence(),  # noqa: B008 - frozen
        database_url: str = "",
        keys_of: "InProcessCentral | None" = None,
    ) -> None:
        """`database_url`: "": SQLite in `folder`. `keys_of`: a central that has the same keys."""
        if keys_of:
            shutil.copytree(keys_of.service.settings.data / "keys", folder / "keys")
        keys.make(folder / "keys")
        settings = Settings(
            data=folder,
            simulation=True,
            database_url=database_url,
            requests=requests,
            plausibility=plausibility,
            authority=authority,
            evidence=evidence,
        )
        with closing(Database(settings.database)) as database:
            create_tables(database.engine)
        self.service = build(settings)
        self.app = application(self.service)
        self.client = Client(self.app)

    def enrol_code(self, name: str) -> str:
        with self.service.database.write() as session:
            return terminals.enrolment_code(session, name, "测试点", 1e9, 1e9 + 1e9)

    def close(self) -> None:
        self.client.close()
        self.service.readiness.close()
        self.service.database.close()
