"""A real central server for tests: its own process, a free port, TLS with a private authority."""

import contextlib
import io
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError

import msgspec

from central.__main__ import main


class RunningCentral:
    """`url`, `ca`, and the process: `stop`, `kill`, `start`. The same port and data through all of it."""

    def __init__(self, folder: Path, simulation: bool, settings: str, database_url: str) -> None:
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
        (self.data / "central.toml").write_text(settings, encoding="utf-8")
        self.command("init")

    @property
    def database(self) -> Path:
        return self.data / "central.sqlite3"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def command(self, *arguments: str) -> str:
        """What `central …` prints; run here, because a new interpreter takes seconds."""
        said, mask = io.StringIO(), os.umask(0o077)
        try:
            with (
                patch.dict(os.environ, DATABASE_URL=self.database_url),
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                status = main([*arguments, "--data", str(self.data)])
        finally:
            os.umask(mask)
        assert status == 0, said.getvalue()
        return said.getvalue().strip()

    def enrol_code(self, terminal: str, place: str = "测试点") -> str:
        return self.command("enrol-code", terminal, "--place", place)

    def start(self, timeout_s: float = 120.0) -> None:
        """Returns when it answers."""
        arguments = ["run", "--port", str(self.port), "--data", str(self.data)]
        arguments += ["--simulation"] if self.simulation else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "central", *arguments],
                stdout=log,
                stderr=log,
                env=os.environ | {"DATABASE_URL": self.database_url},
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
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL: nothing is tidied up."""
        return self._end(signal.SIGKILL)

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

    def _end(self, by: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(by)
        return process.wait(timeout=20)


@contextmanager
def running_central(
    folder: Path, simulation: bool = True, settings: str = "", database_url: str = ""
) -> Iterator[RunningCentral]:
    """A started server with its data below `folder`; `settings` is the text of its `central.toml`."""
    central = RunningCentral(folder, simulation, settings, database_url)
    central.start()
    try:
        yield central
    finally:
        central.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
