"""Sends requests that were made before, over connections that are open already, and notes how long each took.

One thread, non-blocking TLS sockets, nothing decoded but status and length: a client library would need more
CPU than central does. Each client sends its next request when the answer to the one before is there.
"""

import re
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNK = 1 << 16
OK = 200
TIMEOUT_S = 60.0
"""An answer that takes longer has failed."""


class Load(Struct, frozen=True, kw_only=True):
    """What came of one round. `cpu_s`: of the generator itself; `counts`: see `send_all`."""

    seconds: float
    cpu_s: float
    latencies_s: tuple[float, ...]
    counts: Counter[bytes]

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.latencies_s) / self.seconds


class Connection:
    """A TLS connection on which one request at a time is on its way."""

    def __init__(self, port: int, trusted: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = trusted.wrap_socket(plain, server_hostname="localhost")
        self.socket.setblocking(False)
        self.began = 0.0
        self._unsent = memoryview(b"")
        self.received = bytearray()

    def send(self, request: bytes) -> None:
        """Begin with a request."""
        self.began = time.perf_counter()
        self._unsent = memoryview(request)
        self.received.clear()
        self._push()

    @property
    def events(self) -> int:
        """What the selector must wait for."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def answer(self) -> int | None:
        """Return the status if the whole answer is there. Raises ConnectionError."""
        self._push()
        while True:
            try:
                piece = self.socket.recv(_CHUNK)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return None
            if not piece:
                raise ConnectionError("central closed the connection")
            self.received += piece
            if (status := self._status()) is not None:
                return status

    def close(self) -> None:
        """Close it without a farewell."""
        self.socket.close()

    def _push(self) -> None:
        while self._unsent:
            try:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return

    def _status(self) -> int | None:
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        found = _LENGTH.search(self.received, 0, end + 2)
        length = int(found[1]) if found else 0
        if len(self.received) < end + 4 + length:
            return None
        return int(self.received[9:12])


def connect(port: int, ca: Path, count: int) -> list[Connection]:
    """Return `count` connections whose handshakes are over."""
    trusted = ssl.create_default_context(cafile=str(ca))
    return [Connection(port, trusted) for _ in range(count)]


def send_all(
    connections: Sequence[Connection], requests: Sequence[bytes], expected: Sequence[bytes] = (b"",)
) -> Load:
    """Send all requests, on whichever connection is free; count the answers that hold each of `expected`.

    Raises ConnectionError, TimeoutError, and RuntimeError for an answer that is not 200 or holds none of
    them: then another work was done than the one that is to be measured.
    """
    waiting = iter(requests)
    latencies: list[float] = []
    counts: Counter[bytes] = Counter()
    with selectors.DefaultSelector() as selector:
        cpu, began = time.process_time(), time.perf_counter()
        for connection in connections:
            if _send_next(connection, waiting):
                selector.register(connection.socket, connection.events, connection)
        while selector.get_map():
            ready = selector.select(TIMEOUT_S)
            if not ready:
                raise TimeoutError("central does not answer")
            for key, _ in ready:
                status = key.data.answer()
                if status is not None:
                    latencies.append(time.perf_counter() - key.data.began)
                    found = next((one for one in expected if one in key.data.received), None)
                    if status != OK or found is None:
                        raise RuntimeError(f"not what was expected: {bytes(key.data.received)!r}")
                    counts[found] += 1
                    if not _send_next(key.data, waiting):
                        selector.unregister(key.fileobj)
                        continue
                if key.data.events != key.events:
                    selector.modify(key.fileobj, key.data.events, key.data)
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    return Load(seconds=seconds, cpu_s=spent, latencies_s=tuple(latencies), counts=counts)


def _send_next(connection: Connection, waiting: Iterator[bytes]) -> bool:
    request = next(waiting, None)
    if request is None:
        return False
    connection.send(request)
    return True
