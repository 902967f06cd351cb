"""TCP proxy on the loopback between the terminal and central, whose connections can be broken on demand.

It knows nothing of TLS or HTTP; it only counts bytes. So the demo and the tests break real connections of
the real client to the real server.

Each connection has two threads, one for each direction. The proxy's state is read before every piece of
data is passed on, so `down`, `hang` and `delay` act on connections that are open already.
"""

import contextlib
import socket
import struct
import threading
import time
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from kiosk.worker import Worker

_CHUNK = 1 << 16
_POLL_S = 0.1
_CONNECT_S = 30.0
"""Generous: central accepts at once, unless the machine is busy."""
_LINGER_S = 0.5
"""The lost response counts as complete when nothing of it came for this time."""


class _State(StrEnum):
    UP = "up"
    DOWN = "down"
    HANGING = "hanging"


class Traffic(Struct, frozen=True, kw_only=True):
    """What the proxy has carried since it was made."""

    connections: int = 0
    refused: int = 0  # connections that were cut
    bytes_up: int = 0  # terminal → central
    bytes_down: int = 0
    answers_lost: int = 0


class NetworkProxy:
    """Begins up. All methods may be called from any thread; use it as a context manager or call `close`."""

    def __init__(self, host: str, port: int) -> None:
        """`host`, `port`: where central really is."""
        self._target = (host, port)
        self._lock = threading.RLock()
        self._state = _State.DOWN
        self._delay_s = 0.0
        self._lose_after: int | None = None
        self._traffic = Traffic()
        self._connections: list[_ProxiedConnection] = []
        self._listener = _bound_socket(0)
        self.host, self.port = self._listener.getsockname()[:2]
        self._worker: Worker | None = None
        self.up()

    def up(self) -> None:
        """Carry everything at once; data that was held back is let through."""
        with self._lock:
            self._delay_s = 0.0
            was, self._state = self._state, _State.UP
            if was is _State.DOWN:
                self._listener.listen(64)
                self._worker = Worker("network-proxy", self._accept).start()

    def down(self) -> None:
        """Refuse new connections and reset the existing ones, now."""
        with self._lock:
            self._state = _State.DOWN
            worker, self._worker = self._worker, None
        self._cut_all()
        if worker is not None:
            worker.stop()
            # The port stays ours: bound but not listening, so the system itself refuses.
            self._listener.close()
            self._listener = _bound_socket(self.port)
            self._cut_all()

    def hang(self) -> None:
        """Let connections open, but pass no data on until `up`."""
        self.up()
        with self._lock:
            self._state = _State.HANGING

    def delay(self, seconds: float) -> None:
        """Delay each piece of data, in each direction, by this time."""
        with self._lock:
            self._delay_s = seconds

    def lose_answer(self, after_bytes: int = 4096) -> None:
        """Lose the response to the next request of at least `after_bytes`, once, and reset the connection.

        Central has done what was asked, and the terminal never hears of it. A request is what goes up without
        anything coming down in between; heartbeats are shorter than 4096 bytes, activations with a picture
        are longer.
        """
        with self._lock:
            self._lose_after = after_bytes

    def redirect(self, host: str, port: int) -> None:
        """Connect to another server from now on: an impostor, a captive portal. Resets what is connected."""
        with self._lock:
            self._target = (host, port)
        self._cut_all()

    @property
    def traffic(self) -> Traffic:
        """Counts of what was carried so far."""
        with self._lock:
            return self._traffic

    def close(self) -> None:
        """Cut all connections and give the port back."""
        self.down()
        self._listener.close()

    def __enter__(self) -> "NetworkProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── for the connections ──────────────────────────────────────────────────────────────────────

    def hold(self, over: threading.Event) -> None:
        """Wait as the proxy's state demands before a piece of data is passed on; at most until `over`."""
        with self._lock:
            delay_s = self._delay_s
        until = time.monotonic() + delay_s
        while not over.is_set() and (self._state is _State.HANGING or time.monotonic() < until):
            time.sleep(0.01)

    def loses(self, request_bytes: int) -> bool:
        """Return whether the response to a request of this size is to be lost: once per `lose_answer`."""
        with self._lock:
            if self._lose_after is None or request_bytes < self._lose_after:
                return False
            self._lose_after = None
        self.count(answers_lost=1)
        return True

    def count(self, **increments: int) -> None:
        """Add to the fields of `traffic`."""
        with self._lock:
            counted = {name: getattr(self._traffic, name) + n for name, n in increments.items()}
            self._traffic = replace(self._traffic, **counted)

    def _cut_all(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.cut()
            self.count(refused=1)

    def _accept(self, stop: threading.Event) -> None:
        listener = self._listener
        listener.settimeout(_POLL_S)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        self.count(connections=1)
        try:
            server = socket.create_connection(self._target, timeout=_CONNECT_S)
        except OSError:
            self.count(refused=1)
            _reset(client)
            return
        with self._lock:
            self._connections = [one for one in self._connections if not one.over.is_set()]
            self._connections.append(_ProxiedConnection(self, client, server))


class _ProxiedConnection:
    """One carried connection: `client` is the terminal's end, `server` central's."""

    def __init__(self, proxy: NetworkProxy, client: socket.socket, server: socket.socket) -> None:
        self.over = threading.Event()
        self._proxy = proxy
        self._client = client
        self._server = server
        self._request_bytes = 0  # bytes up since something last came down
        self._running = 2
        self._lock = threading.Lock()
        for end in (client, server):
            end.settimeout(_POLL_S)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Worker("network-proxy-up", self._carry_up).start()
        Worker("network-proxy-down", self._carry_down).start()

    def cut(self) -> None:
        """Reset both ends."""
        self.over.set()
        _reset(self._client)
        _reset(self._server)

    def _carry_up(self, _: threading.Event) -> None:
        while data := self._receive(self._client):
            # Counted before it is passed on: the response may be here before the next statement.
            self._request_bytes += len(data)
            self._proxy.count(bytes_up=len(data))
            if not self._pass_on(data, self._server):
                break
        self._end()

    def _carry_down(self, _: threading.Event) -> None:
        while data := self._receive(self._server):
            if self._proxy.loses(self._request_bytes):
                self._swallow_response()
                break
            self._request_bytes = 0
            self._proxy.count(bytes_down=len(data))
            if not self._pass_on(data, self._client):
                break
        self._end()

    def _swallow_response(self) -> None:
        """Let central finish its response, then reset both ends."""
        quiet_since = time.monotonic()
        while not self.over.is_set() and time.monotonic() - quiet_since < _LINGER_S:
            with contextlib.suppress(TimeoutError, OSError):
                if not self._server.recv(_CHUNK):
                    break
                quiet_since = time.monotonic()
        self.cut()

    def _receive(self, end: socket.socket) -> bytes:
        """Return the next piece of data; empty at the end."""
        while not self.over.is_set():
            try:
                return end.recv(_CHUNK)
            except TimeoutError:
                continue
            except OSError:
                return b""
        return b""

    def _pass_on(self, data: bytes, end: socket.socket) -> bool:
        """Return False if the other end is gone."""
        self._proxy.hold(self.over)
        try:
            end.sendall(data)
        except OSError:
            return False
        return True

    def _end(self) -> None:
        """End this direction, and with it the connection; the thread that ends last closes both ends."""
        self.over.set()
        with self._lock:
            self._running -= 1
            if self._running == 0:
                self._client.close()
                self._server.close()


def _bound_socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def _reset(end: socket.socket) -> None:
    """Close with RST: the other side sees a broken connection, not an end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
