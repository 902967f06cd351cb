"""A real central server for tests: its own process, a free port, TLS with a private authority."""

import contextlib
import io
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError

import msgspec
from sqlalchemy import text

from central.__main__ import main
from central.storage.database import Database

_COMMAND = threading.Lock()
QUICK_VISITS = """
[plausibility]  # visits of tests take a second, at the same time as others, and give one number
overlap_slack_s = 1e9
shortest_s = {}
visits_an_hour = 1000000
people_a_phone = 1000000
"""


class RunningCentral:
    """`url`, `ca`, and the process: `stop`, `kill`, `start`. The same port and data through all of it."""

    def __init__(
        self,
        folder: Path,
        simulation: bool,
        settings: str,
        database_url: str,
        workers: int = 1,
        arguments: tuple[str, ...] = (),
    ) -> None:
        """`arguments`: of `central run`, beside those of every test."""
        self.arguments = ("--workers", str(workers), *arguments)
        self.data = folder / "central"
        self.simulation = simulation
        self.database_url = database_url
        self.port = _free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = self.data / "keys" / "ca.pem"
        self.log = folder / "central.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.data.mkdir(parents=True, exist_ok=True)
        if "[requests]" not in settings:  # a test enrols more terminals than a day in the shops
            settings += "\n[requests]\nstrangers_burst = 100000\n"
        if "[sealing]" not in settings:
            settings += "\n[sealing]\nnew_key_after_s = 0\n"
        if "[plausibility]" not in settings:
            settings += QUICK_VISITS
        settings = settings.replace("CENTRAL_URL", self.url)
        (self.data / "central.toml").write_text(settings, encoding="utf-8")
        self.command("init")

    @property
    def database(self) -> Path:
        return self.data / "central.sqlite3"

    def open_database(self) -> Database:
        """Another connection to the server's database; to be closed."""
        return Database(self.database_url or f"sqlite:///{self.database}")

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a query finds; `:name` in it is a value."""
        with closing(self.open_database()) as database, database.read() as session:
            return [tuple(row) for row in session.execute(text(query), values).all()]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def command(self, *arguments: str, status: int = 0) -> str:
        """What `central …` prints; run here, because a new interpreter takes seconds."""
        said = io.StringIO()
        # Environment, mask and output belong to the process: of two threads, one would put back the other's.
        with _COMMAND:
            ended = self._run(said, [*arguments, "--data", str(self.data)])
        assert ended == status, said.getvalue()
        return said.getvalue().strip()

    def _run(self, said: io.StringIO, arguments: list[str]) -> int:
        mask = os.umask(0o077)
        try:
            with (
                patch.dict(os.environ, DATABASE_URL=self.database_url),
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                return main(arguments)
        finally:
            os.umask(mask)

    def enrol_code(self, terminal: str, place: str = "测试点") -> str:
        return self.command("enrol-code", terminal, "--place", place)

    def start(self, timeout_s: float = 120.0) -> None:
        """Returns when it answers."""
        arguments = ["run", "--port", str(self.port), "--data", str(self.data), *self.arguments]
        arguments += ["--simulation"] if self.simulation else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "central", *arguments],
                stdout=log,
                stderr=log,
                env=os.environ | {"DATABASE_URL": self.database_url},
                start_new_session=True,  # a group of its own, so that `kill` reaches its workers
            )
        process = self._process
        try:
            self.until_answers(lambda: process.poll() is None, timeout_s)
        except RuntimeError:
            self.kill()
            raise

    def until_answers(self, alive: Callable[[], bool] = lambda: True, timeout_s: float = 120.0) -> None:
        """Return when the process started on this port answers. Raises RuntimeError with its log."""
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if not alive() or time.monotonic() > deadline:
                raise RuntimeError(f"central did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)

    def stop(self) -> int:
        """SIGTERM, as a supervisor would; the exit status."""
        return self._end(os.kill, signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL to the server and its workers: nothing is tidied up."""
        return self._end(os.killpg, signal.SIGKILL)

    def get(self, path: str) -> Any:
        """An unsigned GET, decoded; text if it is not JSON."""
        with self.open("GET", path) as answer:
            text = answer.read()
        return msgspec.json.decode(text) if text[:1] in (b"{", b"[") else text.decode()

    def people(self, *people: dict[str, Any], default: str = "match") -> None:
        """From now on the simulated register knows these people; see `activation.simulated_authority`."""
        self.open("PUT", "/simulation/people", {"default": default, "people": list(people)}).close()

    def credentials(self, slip: str | None = None) -> int:
        """How many credential rows there are: for one slip, or in all."""
        counts = self.get("/simulation/credentials" + (f"?slip={slip}" if slip else ""))
        return int(counts["slip" if slip else "total"])

    def open(self, method: str, path: str, body: Any = None) -> Any:
        """An unsigned request; raises urllib's HTTPError."""
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        handler = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.ca)))
        proxies = urllib.request.ProxyHandler({})
        return urllib.request.build_opener(handler, proxies).open(request, timeout=15)

    def _answers(self) -> bool:
        try:
            return bool(self.get("/v1/health")["status"] == "ok")
        except HTTPError:
            raise
        except OSError:
            return False

    def _end(self, send: Callable[[int, int], None], by: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.poll() is None:
            send(process.pid, by)
        return process.wait(timeout=60)


@contextmanager
def running_central(
    folder: Path,
    simulation: bool = True,
    settings: str = "",
    database_url: str = "",
    workers: int = 1,
    arguments: tuple[str, ...] = (),
) -> Iterator[RunningCentral]:
    """A started server with its data below `folder`; `settings` is the text of its `central.toml`."""
    central = RunningCentral(folder, simulation, settings, database_url, workers, arguments)
    central.start()
    try:
        yield central
    finally:
        central.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
