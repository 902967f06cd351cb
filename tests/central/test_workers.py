"""`central run --database postgresql --workers 2`: two processes, a private server, nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from central.commands.common import CLUSTER
from tests.support.central_server import QUICK_VISITS, RunningCentral
from tests.support.postgresql import need_postgresql
from tests.support.protocol_terminal import ProtocolTerminal, person


class OnPrivateCluster(RunningCentral):
    """A central whose commands find the private server by themselves, in the data folder."""

    def start(self, timeout_s: float = 300.0) -> None:
        command = [sys.executable, "-m", "central", "run", "--init", "--data", str(self.data)]
        command += ["--database", "postgresql", "--workers", "2", "--simulation", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.until_answers(lambda: self.process.poll() is None, timeout_s)

    def command(self, *arguments: str) -> str:
        return "" if arguments == ("init",) else super().command(*arguments)

    def workers_running(self) -> list[int]:
        """Processes of the server that serve."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], stdout=subprocess.PIPE, text=True)
        serving = []
        for pid in map(int, found.stdout.split()):
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    serving.append(pid)
        return serving


@pytest.fixture
def central(tmp_path: Path) -> Iterator[OnPrivateCluster]:
    need_postgresql()
    central = OnPrivateCluster(tmp_path, True, QUICK_VISITS, "")
    central.start()
    yield central
    if central.process.poll() is None:
        central.process.terminate()
        central.process.wait(120)


def until(condition: Any, timeout_s: float = 120.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def activated(terminal: ProtocolTerminal, who: dict[str, Any]) -> str:
    """The answer's code; a connection of a killed worker is opened anew, as a terminal does."""
    for _ in range(5):
        with suppress(requests.ConnectionError):
            return str(terminal.activate(terminal.activation(who)).json()["code"])
    raise AssertionError("no worker answers")


@pytest.mark.timeout(600)
def test_two_workers_serve_one_dies_and_the_end_leaves_nothing(central: OnPrivateCluster) -> None:
    terminal = ProtocolTerminal(central)
    assert activated(terminal, person()) == "ok"
    until(lambda: len(central.workers_running()) == 2)
    first, second = central.workers_running()
    environment = Path(f"/proc/{second}/environ").read_text().split("\0")
    (folder,) = [one.partition("=")[2] for one in environment if one.startswith("PROMETHEUS_MULTIPROC_DIR=")]
    gauges = f"gauge_livesum_{first}.db"
    assert (Path(folder) / gauges).exists()

    os.kill(first, signal.SIGKILL)
    assert activated(terminal, person()) == "ok"
    until(lambda: len(set(central.workers_running()) - {first, second}) == 1)
    until(lambda: not (Path(folder) / gauges).exists())  # what it had in use is free
    assert list(Path(folder).glob(f"counter_{first}.db"))  # and what it counted stays counted
    assert activated(terminal, person()) == "ok"

    central.process.terminate()
    assert central.process.wait(120) == 0
    until(lambda: not Path(f"/proc/{second}").exists())
    assert not (central.data / CLUSTER / "postmaster.pid").exists()
    assert len(re.findall("^central: https://", central.log.read_text(), re.MULTILINE)) == 1
