"""Connections of a real central: kept between heartbeats, closed on those who send no request."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from central.api.connections import MAX_HEADER_BYTES, listen
from central.settings import Http
from kiosk.activation.http_client import HttpClient
from kiosk.settings import load
from tests.support.central_server import RunningCentral, running_central

SHORT = "[http]\nheader_s = 0.5\nbody_s = 0.5\nkeep_alive_s = 60\n"
LONG_S = 60.0
"""Generous: what should be closed after half a second is closed by then on a busy machine, too."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    with running_central(tmp_path_factory.mktemp("connections"), settings=SHORT) as central:
        yield central


def connect(central: RunningCentral) -> ssl.SSLSocket:
    address = urlsplit(central.url)
    plain = socket.create_connection((address.hostname, address.port), LONG_S)
    context = ssl.create_default_context(cafile=str(central.ca))
    return context.wrap_socket(plain, server_hostname=address.hostname)


def read_to_end(connection: ssl.SSLSocket) -> bytes:
    """What comes until the other end closes. Fails after `LONG_S` without."""
    received = b""
    with suppress(ConnectionError, ssl.SSLEOFError):  # aborted: closed as well
        while piece := connection.recv(65_536):
            received += piece
    return received


def test_small_answers_leave_at_once():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_the_terminals_side_does_not_wait_either(server: RunningCentral):
    with closing(HttpClient(server.url, server.ca, 10, LONG_S)) as http:
        assert http.call("GET", "/v1/health").status == 200
        (kept,) = _open_sockets(http)
        assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_connection_is_kept_between_two_calls(server: RunningCentral):
    with closing(HttpClient(server.url, server.ca, 10, LONG_S)) as http:
        http.call("GET", "/v1/health")
        (before,) = _open_sockets(http)
        http.call("GET", "/v1/health")
        assert _open_sockets(http) == [before]


def test_central_keeps_a_connection_for_longer_than_two_heartbeats_are_apart():
    """With some time to spare: a round of a terminal may begin late."""
    assert Http().keep_alive_s >= 2 * load().central.contact_s


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /v1/health HTTP/1.1\r\nHost: x\r\nA: ", b"POST / HTTP/1.1\r\n"],
    ids=["none", "half", "line"],
)
def test_half_sent_headers_are_not_waited_for(server: RunningCentral, sent: bytes):
    with connect(server) as connection:
        connection.sendall(sent)
        assert read_to_end(connection) == b""
    assert server.get("/v1/health")["status"] == "ok"


def test_the_next_request_on_a_connection_has_the_same_time(server: RunningCentral):
    with connect(server) as connection:
        connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/hea")
        assert read_to_end(connection).count(b"HTTP/1.1 200") == 1


def test_endless_headers_end(server: RunningCentral):
    with connect(server) as connection, pytest.raises(OSError, match=r".*"):  # reset or broken pipe
        send_headers_until_refused(connection)


def send_headers_until_refused(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"GET /v1/health HTTP/1.1\r\n")
    for _ in range(100_000):
        connection.sendall(b"A: " + b"a" * (MAX_HEADER_BYTES // 4) + b"\r\n")


def test_a_half_sent_body_is_not_waited_for(server: RunningCentral):
    with connect(server) as connection:
        connection.sendall(b"POST /v1/heartbeat HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"request.malformed"' in answer


def _open_sockets(http: HttpClient) -> list[socket.socket]:
    """The sockets that the client keeps for its next call."""
    adapter = http._session.get_adapter(http._url)
    pools = adapter.poolmanager.pools
    connections = [c for key in pools.keys() for c in pools[key].pool.queue if c is not None]  # noqa: SIM118
    return [connection.sock for connection in connections]
