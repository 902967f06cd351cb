"""Central and the e-permit service for a person with a browser: `python -m demo.permit_stack`.

Everything lies in one folder and stays there: central with its certificate, which the permit service uses,
and the permit service, registered at central with its own key. Both run in simulation.
"""

import argparse
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

import msgspec

from central.__main__ import main as central
from central.settings import SQLITE
from permit.__main__ import main as permit
from permit.registry.simulated import Content

CENTRAL_PORT, PERMIT_PORT = 8443, 8444
START_S = 120.0
LEVELS = ("face", "credential_face")

_CENTRAL = '[authentication]\nissuer = "{central}"\n'
_PERMIT = """\
# Written by demo/permit_stack.py. Simulation: made-up people, no messages are sent.
address = "{permit}"

[login]
issuer = "{central}"
ca = "{ca}"

[http]
certificate = "{certificate}"
key = "{key}"
per_s = 50
burst = 1000
posts_per_s = 20
posts_burst = 500

[phone_codes]
again_s = 1
"""


class PermitStack:
    """Two programs on one machine, each in its own process."""

    def __init__(
        self,
        folder: Path,
        *,
        central_port: int = CENTRAL_PORT,
        permit_port: int = PERMIT_PORT,
        database_url: str = "",
        more_settings: str = "",
    ) -> None:
        """`database_url`: of the permit service; "": SQLite. `more_settings`: added to its settings."""
        self.central_data, self.permit_data = folder / "central", folder / "permit"
        self.central_url = f"https://localhost:{central_port}"
        self.permit_url = f"https://localhost:{permit_port}"
        self.ca = self.central_data / "keys" / "ca.pem"
        self._ports = central_port, permit_port
        self._database_url = database_url
        self._more_settings = more_settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Write settings, make keys and tables, and register the permit service at central."""
        keys = self.ca.parent.resolve()
        for folder in (self.central_data, self.permit_data):
            folder.mkdir(parents=True, exist_ok=True)
        (self.central_data / "central.toml").write_text(
            _CENTRAL.format(central=self.central_url), encoding="utf-8"
        )
        settings = _PERMIT.format(
            permit=self.permit_url,
            central=self.central_url,
            ca=keys / "ca.pem",
            certificate=keys / "server.pem",
            key=keys / "server.key",
        )
        (self.permit_data / "permit.toml").write_text(settings + self._more_settings, encoding="utf-8")
        if (self.central_data / SQLITE).exists():  # of an earlier release, perhaps
            self._central("migrate")
        self._central("init")
        self._permit("init")
        if "permit\t" not in self._central("relying-party", "list"):
            self._central(
                "relying-party", "add", "permit", "--name", "电子港澳通行证", "--purpose", "领取和查看电子卡",
                "--redirect-uri", f"{self.permit_url}/login/back",
                "--jwks", str(self.permit_data / "keys" / "client-jwks.json"),
                *(word for level in LEVELS for word in ("--level", level)),
            )  # fmt: skip

    def start(self) -> None:
        """Start both and return when both answer. Raises RuntimeError with the end of a log."""
        central_port, permit_port = self._ports
        self.start_one("central", self.central_data, central_port)
        self.start_one("permit", self.permit_data, permit_port)
        self.wait_for("central", f"{self.central_url}/v1/health")
        self.wait_for("permit", f"{self.permit_url}/healthz")

    def start_one(self, program: str, data: Path, port: int) -> None:
        """Start a program; its log lies in its data folder."""
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        if program == "permit" and self._database_url:
            environment["DATABASE_URL"] = self._database_url
        self._run(program, data, ["--host", "localhost", "--port", str(port)], environment)

    def start_workers(self, count: int) -> None:
        """Start workers that judge the clips of central's page, so that a face is compared."""
        self._run("verification", self.central_data, ["--workers", str(count)], dict(os.environ))

    def _run(self, program: str, data: Path, more: list[str], environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", program, "run", "--simulation", "--data", str(data), *more]
        with (data / f"{program}.log").open("ab") as log:
            self._processes[program] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def wait_for(self, program: str, address: str) -> None:
        """Return when an address answers. Raises RuntimeError."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(self.ca))),
        )
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), opener.open(address, timeout=10):
                return
            if self._processes[program].poll() is not None or time.monotonic() > deadline:
                data = self.central_data if program == "central" else self.permit_data
                log = data / f"{program}.log"
                raise RuntimeError(f"{program} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End both."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            process.wait(timeout=60)
        self._processes.clear()

    def wait(self) -> None:
        """Return when one of the programs has ended."""
        while all(process.poll() is None for process in self._processes.values()):
            time.sleep(0.5)

    def people(self) -> Content:
        """Return the made-up people."""
        return msgspec.json.decode((self.permit_data / "permits.json").read_bytes(), type=Content)

    def _central(self, *arguments: str) -> str:
        return _said(central, [*arguments, "--data", str(self.central_data), "--database", "sqlite"])

    def _permit(self, *arguments: str) -> str:
        with _environment("DATABASE_URL", self._database_url):
            return _said(permit, [*arguments, "--data", str(self.permit_data), "--simulation"])


@contextmanager
def running(stack: PermitStack) -> Iterator[PermitStack]:
    """Prepare and start a stack, and stop it at the end."""
    stack.prepare()
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("localhost", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="demo.permit_stack", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("var/permit-demo"))
    parser.add_argument("--central-port", type=int, default=CENTRAL_PORT)
    parser.add_argument("--permit-port", type=int, default=PERMIT_PORT)
    parser.add_argument("--workers", type=int, default=0, help="that judge clips of faces; need the models")
    options = parser.parse_args(arguments)
    stack = PermitStack(options.data, central_port=options.central_port, permit_port=options.permit_port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), running(stack):
        if options.workers:
            stack.start_workers(options.workers)
        print(_introduction(stack), flush=True)
        stack.wait()
    return 0


def _introduction(stack: PermitStack) -> str:
    lines = [
        f"e-permit    {stack.permit_url}",
        f"people, one-time codes and messages    {stack.permit_url}/simulation",
        f"central     {stack.central_url}",
        f"The certificates are of a private authority: accept them in the browser, or import {stack.ca}.",
        "",
        "People to try (permit number, ID number, name):",
    ]
    remarks = ("known", "not found at first, there a minute later", "of another province: refused")
    for person, remark in zip(stack.people().permits, remarks, strict=False):
        holder = person.holder
        lines.append(f"  {holder.permit_number}  {holder.id_number}  {holder.name}    {remark}")
    return "\n".join([*lines, "", "Ctrl-C ends both."])


def _said(program: Callable[[list[str]], int], arguments: list[str]) -> str:
    said, mask = io.StringIO(), os.umask(0o077)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = program(arguments)
    finally:
        os.umask(mask)
    if status:
        raise RuntimeError(said.getvalue())
    return said.getvalue()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


if __name__ == "__main__":
    sys.exit(main())
