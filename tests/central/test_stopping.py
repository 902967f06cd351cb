"""SIGTERM while people wait: each gets an answer of central's own, and nothing that was claimed is lost."""

import json
import os
import signal
import threading
import time
import urllib.error
from pathlib import Path

import pytest
import requests

from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal, person

SLOW_S = 4.0
LEASE = "[requests]\nlease_s = 5\nstrangers_burst = 100000\n"


class Caller(threading.Thread):
    """Sends one activation and keeps what came back: an answer, or the exception of a closed connection."""

    def __init__(self, terminal: ProtocolTerminal, body: bytes) -> None:
        super().__init__(daemon=True)
        self.terminal, self.body = terminal, body
        self.visit = json.loads(body)["id"]
        self.answer: requests.Response | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self.terminal.activate(self.body)
        except requests.RequestException:
            self.answer = None


def begin_slow(central: RunningCentral, count: int) -> list[Caller]:
    """Start so many activations whose register takes `SLOW_S`; return when central has claimed them all."""
    people = [person() for _ in range(count)]
    central.people(*({"number": one["number"], "delay_s": SLOW_S} for one in people))
    terminals = [ProtocolTerminal(central) for _ in people]
    bodies = [json.dumps(t.activation(one)).encode() for t, one in zip(terminals, people, strict=True)]
    callers = [Caller(t, body) for t, body in zip(terminals, bodies, strict=True)]
    watcher = ProtocolTerminal(central)
    for caller in callers:  # anybody may ask how a visit stands; 404 until it is claimed
        deadline = time.monotonic() + 60
        while watcher.send("GET", f"/v1/visits/{caller.visit}").status_code == 404:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    return callers


def assert_proper(caller: Caller) -> None:
    """An answer is JSON of central's own; never a framework's plain text."""
    if caller.answer is None:
        return
    kind = caller.answer.headers["Content-Type"]
    assert kind in ("application/json", "application/problem+json"), caller.answer.text
    assert caller.answer.status_code in (200, 409, 503), caller.answer.text
    if caller.answer.status_code == 503:
        assert caller.answer.headers["Retry-After"]
        assert caller.answer.json()["code"] == "central.busy"


@pytest.mark.parametrize("finish_s", [30, 0.2])
def test_claimed_requests_are_finished_or_resumed(tmp_path: Path, finish_s: float) -> None:
    settings = LEASE + f"[stopping]\nfinish_s = {finish_s}\n"
    with running_central(tmp_path, settings=settings) as central:
        callers = begin_slow(central, 6)
        central.stop()
        for caller in callers:
            caller.join(60)
            assert not caller.is_alive()
            assert_proper(caller)
        if finish_s > SLOW_S:  # 409: the lease ended meanwhile, and the re-checker went on
            assert all(c.answer is not None and c.answer.status_code in (200, 409) for c in callers)
        assert "text/plain" not in central.log.read_text("utf-8")
        central.start()
        central.people()
        for caller in callers:
            caller.terminal.session = caller.terminal._session()
            assert caller.terminal.until_settled(caller.visit, 120)["status"] == "ACTIVATED"
            assert caller.terminal.activate(caller.body).json()["status"] == "ACTIVATED"
            assert central.credentials(caller.visit) == 1


def test_readiness_ends_before_the_socket_closes(tmp_path: Path) -> None:
    with running_central(tmp_path, settings=LEASE + "[stopping]\ndrain_s = 120\n") as central:
        assert central.get("/readyz")["status"] == "ok"
        os.kill(central.pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while (status := _status(central)) == 200:
            assert time.monotonic() < deadline
        assert status == 503
        assert central.get("/v1/health")["status"] == "ok"  # still served: the proxy has yet to notice
        central.stop()  # the second signal
        with pytest.raises(OSError, match="refused"):
            central.get("/v1/health")


def _status(central: RunningCentral) -> int:
    try:
        central.get("/readyz")
    except urllib.error.HTTPError as error:
        return error.code
    return 200
