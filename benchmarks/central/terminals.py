"""Terminals of a simulated fleet that call central with the terminal's own code.

The terminal's own are `DeliveryWorker`, `Gateway`, `HttpClient` with its TLS connection, `Outbox` and
`ChallengePool` on SQLite, `Identity`, sealing and back-off, with the settings that are shipped. Simulated
are the key (in memory), the audit log (only its head), the disk (a file system in memory: 5,000 terminals
have 5,000 disks, this machine has one) and the staff's check of the roster.
"""

import contextlib
import logging
import multiprocessing
import resource
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from msgspec.structs import replace

from benchmarks.central.requests import READER, VERSIONS, Activation, SimulatedTerminal
from benchmarks.central.servers import Server
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.delivery import DeliveryWorker
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient, HttpResponse
from kiosk.activation.identity import Identity
from kiosk.activation.messages import Enrolment, Heartbeat, Jwk
from kiosk.activation.outbox import Outbox
from kiosk.clock import TerminalClock
from kiosk.errors import CentralError
from kiosk.settings import CentralSettings
from kiosk.settings import load as load_settings

MEMORY = Path("/dev/shm")  # noqa: S108 - the disks of the simulated terminals
STACK_BYTES = 1 << 19
PROCESSES = 4
REPORT_S = 0.25


class _KeyInMemory:
    """The part of `kiosk.ports.KeyStore` that a terminal needs to call central."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def secret(self, purpose: str) -> bytes:
        return purpose.encode().ljust(32)[:32]


class _CountingClient(HttpClient):
    """Counts what became of each call: the status, or the code of the error."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.outcomes: Counter[str] = Counter()

    def call(self, *arguments: Any, **named: Any) -> HttpResponse:
        """Call, and count."""
        try:
            response = super().call(*arguments, **named)
        except CentralError as error:
            self.outcomes[error.code.value] += 1
            raise
        self.outcomes[str(response.status)] += 1
        return response


class TerminalClient:
    """The part of a terminal that calls central. `close` it."""

    def __init__(
        self,
        terminal: SimulatedTerminal,
        server: Server,
        folder: Path,
        settings: CentralSettings,
        waiting: Sequence[Activation] = (),
        *,
        keep_roster: bool = True,
    ) -> None:
        """`folder`: for its database; `waiting`: what its outbox holds.

        `keep_roster`: False lets it ask for the whole roster each time, as if it had changed.
        """
        enrolment = Enrolment(
            terminal=terminal.name,
            place="",
            challenge_key=Jwk(server.challenge_key),
            sealing=server.sealing_key,
            reader=READER,
        )
        who = Identity(_KeyInMemory(terminal.key), enrolment, folder)  # type: ignore[arg-type]
        self.http = _CountingClient(settings.url, server.ca, settings.connect_s, settings.answer_s)
        self.rosters = 0
        self._keep_roster = keep_roster
        self._settings = settings
        self._head = terminal.audit_head()
        self._database = Database(folder / "outbox.sqlite3")
        self._outbox = Outbox(self._database)
        self._pool = ChallengePool(self._database, who.challenge_key, who.terminal, who.store.secret)
        self._gateway = Gateway(
            self.http,
            who,
            TerminalClock(),
            heartbeat_s=settings.connect_s,
            simulated=True,
            make_heartbeat=self._heartbeat,
            audit_head=lambda: self._head,
        )
        self.delivery = DeliveryWorker(
            self._outbox,
            self._pool,
            self._gateway,
            post=lambda _: None,
            settings=settings,
            take_roster=self._take_roster,
        )
        for one in waiting:
            self._outbox.put(one.visit, one.body, time.time())

    @property
    def is_served(self) -> bool:
        """Whether nothing waits any more, and roster and challenges are there."""
        now = time.time()
        enough = self._pool.count(now) >= self._settings.pool_refill
        return self.rosters > 0 and enough and self._outbox.backlog(now).waiting == 0

    def drop_challenges(self) -> None:
        """Empty the pool, as if all had been used."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM challenges")

    def close(self) -> None:
        """Close connection and database."""
        self._gateway.close()
        self._database.close()

    def _heartbeat(self) -> Heartbeat:
        backlog = self._outbox.backlog(time.time())
        return Heartbeat(versions=VERSIONS, waiting=backlog.waiting, oldest_s=backlog.oldest_s)

    def _take_roster(self, _token: str, /, *, online: bool) -> bool:
        self.rosters += 1
        return self._keep_roster


def settings_for(server: Server, **other: Any) -> CentralSettings:
    """Return the settings that are shipped, for this server; `other` replaces some."""
    file = server.data / "terminals.toml"
    file.write_text(f'mode = "simulation"\n[central]\nurl = "https://localhost:{server.port}"\n')
    return replace(load_settings(file).central, **other)


@contextlib.contextmanager
def disks() -> Iterator[Path]:
    """Provide an empty folder in memory."""
    folder = Path(tempfile.mkdtemp(prefix="bench-terminals-", dir=MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Returned(Struct, frozen=True):
    """How one terminal fared. `served_s`: seconds from the start until it was served whole; None: never."""

    served_s: float | None
    outcomes: dict[str, int]


class Fared(Struct, frozen=True):
    """How all fared. `cpu_s`: of the terminals' processes."""

    terminals: tuple[Returned, ...]
    cpu_s: float


class RunningFleet:
    """Terminals in processes of their own, one thread each. Used as a context manager."""

    def __init__(
        self,
        server: Server,
        settings: CentralSettings,
        terminals: Sequence[SimulatedTerminal],
        waiting: Mapping[str, Sequence[Activation]],
    ) -> None:
        """Fork the processes; returns when all are ready to begin."""
        self._undo = contextlib.ExitStack()
        folder = self._undo.enter_context(disks())
        context = multiprocessing.get_context("fork")
        self._lines: list[Connection] = []
        for number in range(PROCESSES):
            ours, theirs = context.Pipe()
            share = terminals[number::PROCESSES]
            arguments = (theirs, server, settings, share, waiting, folder)
            process = context.Process(target=_play, args=arguments, daemon=True)
            process.start()
            self._undo.callback(process.join, 60)
            self._undo.callback(process.kill)
            self._lines.append(ours)
        for line in self._lines:
            line.recv()

    def __enter__(self) -> "RunningFleet":
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def start(self) -> None:
        """Let all terminals call central from now on."""
        for line in self._lines:
            line.send("start")

    def until_served(self, limit_s: float) -> bool:
        """Wait until all are served whole; return whether they are."""
        until, left = time.monotonic() + limit_s, list(self._lines)
        while left and (remaining := until - time.monotonic()) > 0:
            for line in cast(list[Connection], wait(left, remaining)):
                line.recv()
                left.remove(line)
        return not left

    def stop(self) -> Fared:
        """Stop all terminals; return how they fared."""
        for line in self._lines:
            line.send("stop")
        answers = [_last(line) for line in self._lines]
        return Fared(
            tuple(one for answer in answers for one in answer.terminals),
            sum(answer.cpu_s for answer in answers),
        )


def _last(line: Connection) -> Fared:
    while not isinstance(answer := line.recv(), Fared):
        pass  # it was served meanwhile
    return answer


def _play(
    line: Connection,
    server: Server,
    settings: CentralSettings,
    terminals: Sequence[SimulatedTerminal],
    waiting: Mapping[str, Sequence[Activation]],
    folder: Path,
) -> None:
    logging.disable()
    threading.stack_size(STACK_BYTES)
    clients = [
        TerminalClient(one, server, folder / one.name, settings, waiting.get(one.name, ()))
        for one in terminals
    ]
    begin, stop = threading.Event(), threading.Event()
    served: list[float | None] = [None] * len(clients)

    def live(number: int, client: TerminalClient) -> None:
        begin.wait()
        while not stop.is_set():
            pause = client.delivery.round(stop.is_set)
            if served[number] is None and client.is_served:
                served[number] = time.monotonic()
            stop.wait(pause)

    threads = [threading.Thread(target=live, args=one, daemon=True) for one in enumerate(clients)]
    for thread in threads:
        thread.start()
    line.send("ready")
    line.recv()
    cpu, began = _cpu_s(), time.monotonic()
    begin.set()
    told = False
    while not line.poll(REPORT_S):
        if not told and None not in served:
            line.send("served")
            told = True
    stop.set()
    spent = _cpu_s() - cpu
    fared = [
        Returned(None if at is None else at - began, dict(client.http.outcomes))
        for at, client in zip(served, clients, strict=True)
    ]
    line.send(Fared(tuple(fared), spent))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
