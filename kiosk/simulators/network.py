"""A line that can break: a TCP proxy on the loopback, between the terminal and central.

It knows nothing of TLS or HTTP; it only counts bytes. So the demo and the tests break real connections of
the real client to the real server.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from kiosk.worker import Worker

_CHUNK = 1 << 16
_GLANCE_S = 0.1
_LINGER_S = 0.5
"""So long after the last swallowed byte the lost answer counts as complete."""


class _State(StrEnum):
    UP = "up"
    DOWN = "down"
    HANGING = "hanging"


class Traffic(Struct, frozen=True):
    """What the line has carried since it was made."""

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
        self._pairs: list[_Pair] = []
        self._socket = _bound(0)
        self.host, self.port = self._socket.getsockname()[:2]
        self._worker: Worker | None = None
        self.up()

    def up(self) -> None:
        """Carry everything at once; what hung is let through."""
        with self._lock:
            self._delay_s = 0.0
            was, self._state = self._state, _State.UP
            if was is _State.DOWN:
                self._socket.listen(64)
                self._worker = Worker("line", self._accept).start()

    def down(self) -> None:
        """New connections are refused, existing ones are reset, now."""
        with self._lock:
            self._state = _State.DOWN
            worker, self._worker = self._worker, None
        self._cut_all()
        if worker is not None:
            worker.stop()
            # The port stays ours: bound but not listening, so the system itself refuses.
            self._socket.close()
            self._socket = _bound(self.port)
            self._cut_all()

    def hang(self) -> None:
        """Connections open, but not a byte gets through until `up`."""
        self.up()
        with self._lock:
            self._state = _State.HANGING

    def delay(self, seconds: float) -> None:
        """Each piece, in each direction, arrives so much later."""
        with self._lock:
            self._delay_s = seconds

    def lose_answer(self, after_bytes: int = 4096) -> None:
        """Once a question of at least so many bytes has been carried to central, its answer is swallowed and
        the connection reset: central has done it, and the terminal never hears. Happens once.

        A question is what goes up without anything coming down in between; greetings are shorter than
        4096 bytes, activations with a picture are longer.
        """
        with self._lock:
            self._lose_after = after_bytes

    def redirect(self, host: str, port: int) -> None:
        """From now on to somebody else: an impostor, a hotel's welcome page. What is connected is reset."""
        with self._lock:
            self._target = (host, port)
        self._cut_all()

    @property
    def traffic(self) -> Traffic:
        with self._lock:
            return self._traffic

    def close(self) -> None:
        self.down()
        self._socket.close()

    def __enter__(self) -> "NetworkProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── for the pumps ────────────────────────────────────────────────────────────────────────────

    def hold(self, stopped: Callable[[], bool]) -> None:
        """Wait as the line's condition demands, before a piece is passed on."""
        with self._lock:
            delay_s = self._delay_s
        until = time.monotonic() + delay_s
        while not stopped() and (self._state is _State.HANGING or time.monotonic() < until):
            time.sleep(0.01)

    def loses(self, asked: int) -> bool:
        """Is the answer to a question of so many bytes to be lost? True once per `lose_answer`."""
        with self._lock:
            if self._lose_after is None or asked < self._lose_after:
                return False
            self._lose_after = None
        self._count(answers_lost=1)
        return True

    def _count(self, **more: int) -> None:
        with self._lock:
            counted = {name: getattr(self._traffic, name) + n for name, n in more.items()}
            self._traffic = replace(self._traffic, **counted)

    def carried_up(self, count: int) -> None:
        self._count(bytes_up=count)

    def carried_down(self, count: int) -> None:
        self._count(bytes_down=count)

    def _cut_all(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.cut()
            self._count(refused=1)

    def _accept(self, stop: threading.Event) -> None:
        listener = self._socket
        listener.settimeout(_GLANCE_S)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                near, _ = listener.accept()
                self._join(near)

    def _join(self, near: socket.socket) -> None:
        self._count(connections=1)
        try:
            far = socket.create_connection(self._target, timeout=3.0)
        except OSError:
            self._count(refused=1)
            _reset(near)
            return
        with self._lock:
            self._pairs = [pair for pair in self._pairs if not pair.over]
            self._pairs.append(_Pair(self, near, far))


class _Pair:
    """One carried connection: `near` is the terminal's end, `far` central's."""

    def __init__(self, line: NetworkProxy, near: socket.socket, far: socket.socket) -> None:
        self._line = line
        self._near = near
        self._far = far
        self._asked = 0  # bytes up since something last came down
        self._pumps = 2
        self._lock = threading.Lock()
        self._over = threading.Event()
        for end in (near, far):
            end.settimeout(_GLANCE_S)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Worker("line-up", self._pump_up).start()
        Worker("line-down", self._pump_down).start()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def cut(self) -> None:
        """Reset both ends."""
        self._over.set()
        _reset(self._near)
        _reset(self._far)

    def _pump_up(self, _: threading.Event) -> None:
        while piece := self._receive(self._near):
            # Counted before it is passed on: the answer may be here before the next statement.
            self._asked += len(piece)
            self._line.carried_up(len(piece))
            if not self._pass(piece, self._far):
                break
        self._end()

    def _pump_down(self, _: threading.Event) -> None:
        while piece := self._receive(self._far):
            if self._line.loses(self._asked):
                self._swallow()
                break
            self._asked = 0
            self._line.carried_down(len(piece))
            if not self._pass(piece, self._near):
                break
        self._end()

    def _swallow(self) -> None:
        """Let central finish its answer, then reset the terminal's end."""
        quiet_since = time.monotonic()
        while not self.over and time.monotonic() - quiet_since < _LINGER_S:
            with contextlib.suppress(TimeoutError, OSError):
                if self._far.recv(_CHUNK):
                    quiet_since = time.monotonic()
                else:
                    break
        self.cut()

    def _receive(self, end: socket.socket) -> bytes:
        """The next piece; empty at the end."""
        while not self.over:
            try:
                return end.recv(_CHUNK)
            except TimeoutError:
                continue
            except OSError:
                return b""
        return b""

    def _pass(self, piece: bytes, end: socket.socket) -> bool:
        self._line.hold(self._over.is_set)
        try:
            end.sendall(piece)
        except OSError:
            return False
        return True

    def _end(self) -> None:
        """One side is done, so this connection is; the second pump to notice lets go of both ends."""
        self._over.set()
        with self._lock:
            self._pumps -= 1
            if self._pumps == 0:
                self._near.close()
                self._far.close()


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    return made


def _reset(end: socket.socket) -> None:
    """Close with RST: the other side sees a broken connection, not an end."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
