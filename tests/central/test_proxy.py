"""Two real central processes behind the proxy that is delivered with them."""

import copy
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal

CONFIGURATION = Path(__file__).parents[2] / "packaging" / "proxy" / "haproxy.cfg"
BURST = 3
SETTINGS = (
    '[http]\ntrusted_proxies = ["127.0.0.1/32"]\n'
    f"[requests]\nstrangers_burst = {BURST}\nstrangers_per_s = 1e-6\n"
)
HEARTBEAT = {
    "versions": {"kiosk": "0.1.0"}, "waiting": 0, "oldest_s": None, "sealing": "SM2-SM4GCM",
}  # fmt: skip
LONG_S = 60.0

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")


class Proxied:
    """Two central processes on one database, and the proxy; `url` is the proxy's."""

    def __init__(self, first: RunningCentral, folder: Path) -> None:
        self.first, self.second, self.front = first, copy.copy(first), copy.copy(first)
        self.second._process = None
        for one in (self.second, self.front):
            one.port = free_port()
            one.url = f"https://127.0.0.1:{one.port}"
        self.second.start()
        keys = first.data / "keys"
        certificate = folder / "proxy.pem"
        certificate.write_bytes((keys / "server.pem").read_bytes() + (keys / "server.key").read_bytes())
        quick = CONFIGURATION.read_text().replace("timeout http-request 10s", "timeout http-request 1s")
        (folder / "haproxy.cfg").write_text(quick)
        self._process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")],
            env=os.environ
            | {
                "PROXY_BIND": f"127.0.0.1:{self.front.port}",
                "PROXY_CERTIFICATE": str(certificate),
                "CENTRAL_CA": str(first.ca),
                "CENTRAL_1": f"127.0.0.1:{first.port}",
                "CENTRAL_2": f"127.0.0.1:{self.second.port}",
            },
        )
        self.front.until_answers(lambda: self._process.poll() is None)
        self.terminal = ProtocolTerminal(self.front)  # enrolled before a test uses up what strangers may ask

    def close(self) -> None:
        self._process.kill()
        self._process.wait(LONG_S)
        self.second.kill()

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONG_S
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.front.port), LONG_S)
        context = ssl.create_default_context(cafile=str(self.first.ca))
        return context.wrap_socket(plain, server_hostname="127.0.0.1")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxy")
    with running_central(folder, settings=SETTINGS) as first:
        made = Proxied(first, folder)
        yield made
        made.close()


def beat(terminal: ProtocolTerminal) -> requests.Response:
    return terminal.send("POST", "/v1/heartbeat", json.dumps(HEARTBEAT).encode())


def test_terminals_are_served_through_it_also_when_a_central_dies(proxied: Proxied):
    terminal = proxied.terminal
    assert terminal.activate(terminal.activation()).json()["status"] == "ACTIVATED"
    assert [beat(terminal).status_code for _ in range(6)] == [200] * 6
    proxied.second.kill()
    assert [beat(terminal).status_code for _ in range(6)] == [200] * 6
    proxied.first.kill()
    refused = beat(terminal)
    assert (refused.status_code, refused.json()["code"]) == (503, "central.busy")
    assert 5 <= int(refused.headers["Retry-After"]) <= 10
    proxied.first.start()
    proxied.second.start()
    proxied.until(lambda: beat(terminal).status_code == 200)


def test_a_stranger_cannot_choose_an_address_or_reach_what_is_for_inside(proxied: Proxied):
    def ask(path: str, address: str = "") -> int:
        headers = {"X-Forwarded-For": address, "Forwarded": f"for={address}"}
        url = proxied.front.url + path
        return requests.get(url, headers=headers, verify=str(proxied.first.ca), timeout=LONG_S).status_code

    slip = "/look-up/0000-0000-0000-0000"
    statuses = [ask(slip, f"203.0.113.{last}") for last in range(2 * BURST + 1)]
    assert 429 in statuses, "each of two processes counts"
    for path in ("/simulation/credentials", "/metrics", "/readyz"):
        assert ask(path) == 404


def test_half_sent_and_large_requests_do_not_reach_central(proxied: Proxied):
    for sent in (
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\nA: ",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    ):
        with proxied.connect() as connection:
            connection.sendall(sent)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")
    with proxied.connect() as connection:
        # The proxy answers and closes once its buffer is full (16 KiB): more would be cut off.
        head = b"POST /v1/heartbeat HTTP/1.1\r\nHost: x\r\nContent-Length: 524289\r\n\r\n"
        connection.sendall(head + b" " * (16_384 - len(head)))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")
