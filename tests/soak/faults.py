"""The faults: how they begin, how long they last, and how they end."""

import shutil
import socket
import sqlite3
import ssl
import threading
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace

from msgspec import Struct

from central.security import certificates
from central.security import keys as central_keys
from kiosk import readiness
from kiosk.activation import identity
from kiosk.activation.http_client import HttpClient
from kiosk.activation.rotation import rotate
from kiosk.errors import KioskError
from tests.soak import disk

DAY_S = 86_400.0


class Fault(Struct, frozen=True):
    """`weight`: relative frequency."""

    name: str
    weight: int
    lasts_s: tuple[float, float]
    begin: Callable
    end: Callable = lambda _: None


class Impostors:
    """Servers in central's place: one with a certificate of another authority, one in plain text."""

    def __init__(self, folder: Path) -> None:
        keys = folder / "impostor" / "keys"
        keys.mkdir(parents=True)
        central_keys.make(keys)
        certificates.make(keys, ["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "server.pem", keys / "server.key")
        self._contexts = (context, None)
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in self._contexts]
        self._threads = [
            threading.Thread(target=self._serve, args=pair, name="impostor", daemon=True)
            for pair in zip(self._sockets, self._contexts, strict=True)
        ]
        for thread in self._threads:
            thread.start()
        self.ports = [s.getsockname()[1] for s in self._sockets]

    def close(self) -> None:
        for listening in self._sockets:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            one.settimeout(2)
            with suppress(OSError), one:
                said = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"ok"}'
                if context is None:
                    one.sendall(said)
                else:
                    with context.wrap_socket(one, server_side=True) as wrapped:
                        wrapped.recv(65536)
                        wrapped.sendall(said)


def _lies(simulation) -> None:
    simulation.line.redirect("127.0.0.1", simulation.rng.choice(simulation.impostors.ports))


def _honest(simulation) -> None:
    simulation.line.redirect("127.0.0.1", simulation.central.made.port)


def _break(device: str) -> dict[str, Callable]:
    return {
        "begin": lambda simulation: simulation.device_states.broken.add(device),
        "end": lambda simulation: simulation.device_states.broken.discard(device),
    }


def _disk_full(simulation) -> None:
    """Fill the disk: from where nothing can be written to where a little can."""
    disk.limit(simulation.rng.choice((0, 4096, 64 * 1024)))


def _disk_low(_) -> None:
    readiness.shutil = SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=999))  # type: ignore[assignment]


def _disk_not_low(_) -> None:
    readiness.shutil = shutil


def _clock_wrong(simulation) -> None:
    simulation.clock.off_s = simulation.rng.choice(
        (-3 * DAY_S, -3600.0, -90.0, -20.0, 20.0, 90.0, 3600.0, 3 * DAY_S)
    )


def _clock_right(simulation) -> None:
    simulation.clock.off_s = 0.0


def _restart(simulation) -> None:
    simulation.close_terminal()
    simulation.clock.advance(simulation.clock.monotonic() + simulation.rng.uniform(20, 200))
    simulation.open_terminal()


def _rotate(simulation) -> None:
    """Rotate the key as `kiosk identity rotate` does beside a running terminal; may fail without a line."""
    settings = simulation.terminal.settings
    wire = HttpClient(settings.central.url, settings.path(settings.central.ca), 1.0, 1.0)
    who = identity.load(settings.path(settings.terminal.identity))
    with suppress(KioskError):
        rotate(wire, who, simulation.clock.unix)
    wire.close()


def _new_sealing(simulation) -> None:
    """Let central's next start hand out a new key; what waits is sealed to the old one."""
    with disk.unlimited():
        simulation.central.made.command("rotate-sealing")
    simulation.central.kill()
    simulation.start_central()


def _flip_a_bit(simulation) -> None:
    """Flip a bit in a waiting request, if there is one. It must be set aside visibly."""
    with closing(sqlite3.connect(simulation.folder / "storage" / "outbox.sqlite3", timeout=5)) as outbox:
        found = outbox.execute("SELECT id, body FROM requests WHERE state = 'waiting' LIMIT 1").fetchone()
        if found is not None:
            place = simulation.rng.randrange(len(found[1]))
            body = found[1][:place] + bytes([found[1][place] ^ 4]) + found[1][place + 1 :]
            with disk.unlimited(), outbox:
                outbox.execute("UPDATE requests SET body = ? WHERE id = ?", (body, found[0]))


_EVERY = (
    Fault("line cut", 14, (60, 1500), lambda s: s.line.down(), lambda s: s.line.up()),
    Fault("line hangs", 1, (10, 40), lambda s: s.line.hang(), lambda s: s.line.up()),
    Fault("line slow", 2, (20, 90), lambda s: s.line.delay(0.02), lambda s: s.line.delay(0)),
    Fault("answer lost", 10, (100, 200), lambda s: s.line.lose_answer(2500)),
    Fault("line lies", 4, (60, 300), _lies, _honest),
    Fault("camera gone", 6, (20, 120), **_break("camera")),
    Fault("microphone gone", 5, (20, 120), **_break("microphone")),
    Fault("reader gone", 6, (20, 120), **_break("reader")),
    Fault("no paper", 5, (100, 900), **_break("printer")),
    Fault("disk full", 6, (20, 200), _disk_full, lambda _: disk.unlimit()),
    Fault("a bit flipped in what waits", 4, (1, 2), _flip_a_bit),
    Fault("disk low", 3, (60, 200), _disk_low, _disk_not_low),
    Fault("terminal restarted", 8, (1, 2), _restart),
    Fault("terminal killed", 14, (1, 2), lambda s: s.kill_terminal_somewhere()),
    Fault("central killed", 5, (5, 300), lambda s: s.central.kill(), lambda s: s.start_central()),
    Fault("clock set", 6, (30, 400), _clock_wrong, _clock_right),
    Fault("terminal's key exchanged", 5, (1, 2), _rotate),
    Fault("sealing key exchanged", 1, (1, 2), _new_sealing),
)
ALL = {fault.name: fault for fault in _EVERY}


def draw(rng, only: Collection[str] = ()) -> Fault:
    """Draw one of the faults, or of those with these names."""
    possible = [fault for fault in _EVERY if not only or fault.name in only]
    return rng.choices(possible, [fault.weight for fault in possible])[0]
