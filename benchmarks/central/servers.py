"""Servers that are measured: central as it is shipped, and the baseline, each with a database of its own."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cached_property
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from socket import create_server
from ssl import create_default_context
from typing import Protocol
from unittest.mock import patch

from msgspec import Struct

from benchmarks import machine
from benchmarks.bench import NO_RATE_LIMIT
from central.__main__ import main as central_command
from central.security.keys import load as load_keys
from central.storage.database import Database
from kiosk.activation.encoding import to_base64url
from kiosk.activation.messages import SealingKey
from kiosk.activation.sealing import Sealer

START_S = 120.0


class Databases(Protocol):
    """Makes empty databases of one engine."""

    @property
    def postmaster(self) -> int | None:
        """PostgreSQL's first process; None: SQLite, which runs inside the server."""

    def url(self, name: str) -> str:
        """Make a database; return its URL."""


class Server(Struct, frozen=True, kw_only=True, dict=True):
    """A running server. `pid`: of its first process; `postmaster`: see `Databases`."""

    port: int
    ca: Path
    pid: int
    url: str
    data: Path
    postmaster: int | None

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its processes and all of PostgreSQL's so far."""
        return self.server_cpu_s() + self.database_cpu_s()

    def server_cpu_s(self) -> float:
        """Return the CPU seconds of its own processes so far."""
        return machine.tree_cpu_s(self.pid)

    def database_cpu_s(self) -> float:
        """Return the CPU seconds of PostgreSQL's processes so far; 0 with SQLite, which runs inside."""
        return 0.0 if self.postmaster is None else machine.tree_cpu_s(self.postmaster)

    @cached_property
    def database(self) -> Database:
        """Return central's database, to prepare what is measured."""
        return Database(self.url)

    @cached_property
    def sealing_key(self) -> SealingKey:
        """Return the key that terminals seal to."""
        key = load_keys(self.data / "keys").sealing.current()
        return SealingKey(key.key, key.algorithm, key.public)

    @cached_property
    def sealer(self) -> Sealer:
        """Return what seals to that key."""
        return Sealer(self.sealing_key)

    @cached_property
    def challenge_key(self) -> str:
        """Return the public key of challenges, as a JWK's `x`."""
        return to_base64url(load_keys(self.data / "keys").challenge.public_key().public_bytes_raw())


@contextmanager
def central_server(
    data: Path, databases: Databases, name: str = "central", *, workers: int = 1, settings: str = ""
) -> Iterator[Server]:
    """Run central as it is shipped, in simulation; `settings` is added to its `central.toml`."""
    data.mkdir(parents=True)
    (data / "central.toml").write_text(NO_RATE_LIMIT + settings, encoding="utf-8")
    url = databases.url(name)
    environment = {"DATABASE_URL": url}
    with patch.dict(os.environ, environment):  # for `administer`, too
        administer(data, "init")
        port = _free_port()
        words = ["central", "run", "--simulation", "--port", str(port), "--data", str(data)]
        words += ["--workers", str(workers)] if workers > 1 else []
        with _process(words, environment, port, data / "keys" / "ca.pem", data / "server.log") as pid:
            server = Server(
                port=port,
                ca=data / "keys" / "ca.pem",
                pid=pid,
                url=url,
                data=data,
                postmaster=databases.postmaster,
            )
            try:
                yield server
            finally:
                server.database.close()


@contextmanager
def bare_server(beside: Server, databases: Databases, workers: int = 1) -> Iterator[Server]:
    """Run the baseline with the certificate of `beside`."""
    port, keys, url = _free_port(), beside.data / "keys", databases.url("bare")
    words = ["benchmarks.central.bare_insert", str(port)]
    words += [str(keys / "server.pem"), str(keys / "server.key"), str(workers)]
    with _process(words, {"DATABASE_URL": url}, port, beside.ca, beside.data / "bare.log") as pid:
        yield Server(
            port=port, ca=beside.ca, pid=pid, url=url, data=beside.data, postmaster=beside.postmaster
        )


def administer(data: Path, *arguments: str) -> None:
    """Run a command of central. Raises RuntimeError with what it printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        status = central_command([*arguments, "--data", str(data)])
    if status != 0:
        raise RuntimeError(f"central {arguments[0]}: {printed.getvalue()}")


@contextmanager
def _process(
    words: list[str], environment: Mapping[str, str], port: int, ca: Path, log: Path
) -> Iterator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], stdout=output, stderr=output, env=os.environ | environment
        )
    try:
        until = time.monotonic() + START_S
        while not _answers(port, ca):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{words[0]} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_S)


def _answers(port: int, ca: Path) -> bool:
    connection = HTTPSConnection(
        "localhost", port, context=create_default_context(cafile=str(ca)), timeout=START_S
    )
    try:
        connection.request("GET", "/v1/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
