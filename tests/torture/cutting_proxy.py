"""TCP proxy that cuts a connection at one counted piece of data: before, in the middle of, or after it."""

import contextlib
import socket
import struct
import threading
from enum import StrEnum

from msgspec import Struct


class CutPosition(StrEnum):
    BEFORE = "before"
    MIDDLE = "in the middle of"
    AFTER = "after"


class Cut(Struct, frozen=True):
    """`up`: terminal to central. `piece` counts what arrived in one `recv`, from 0, since `arm`."""

    up: bool
    piece: int
    part: CutPosition

    def __str__(self) -> str:
        return f"{self.part} piece {self.piece} {'up' if self.up else 'down'}"


class CuttingProxy:
    """Proxy that carries everything until the armed cut, resets both ends then, and goes on.

    A connection goes to the first of the ports that takes it.
    """

    def __init__(self, *ports: int) -> None:
        self._targets = ports
        self._lock = threading.Lock()
        self._cut: Cut | None = None
        self.pieces = {True: 0, False: 0}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, cut: Cut | None) -> None:
        with self._lock:
            self._cut = cut
            self.pieces = {True: 0, False: 0}

    @property
    def happened(self) -> bool:
        return self._cut is None

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._socket.accept()
                far = self._connect()
                if far is None:
                    _reset(near)
                    continue
                for one, other, up in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._pump, args=(one, other, up), daemon=True).start()

    def _connect(self) -> socket.socket | None:
        for port in self._targets:
            with contextlib.suppress(OSError):
                far = socket.create_connection(("127.0.0.1", port), timeout=5)
                far.settimeout(None)
                return far
        return None

    def _pump(self, one: socket.socket, other: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                part = self._part_now(up)
                if part in (None, CutPosition.AFTER):
                    other.sendall(data)
                elif part is CutPosition.MIDDLE:
                    other.sendall(data[: len(data) // 2])
                if part is not None:
                    break
        _reset(one)
        _reset(other)

    def _part_now(self, up: bool) -> CutPosition | None:
        with self._lock:
            number = self.pieces[up]
            self.pieces[up] = number + 1
            cut = self._cut
            if cut is None or (cut.up, cut.piece) != (up, number):
                return None
            self._cut = None
            return cut.part


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()
