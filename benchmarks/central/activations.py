"""Activations at central as shipped, against a bare insert with one commit, in rounds that take turns."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import func, select

from benchmarks import machine
from benchmarks.bench import Bench, load
from benchmarks.central.databases import databases
from benchmarks.central.generator import Load, connect, send_all
from benchmarks.central.measuring import percentile
from benchmarks.central.requests import Fleet
from benchmarks.central.servers import Server, bare_server, central_server
from benchmarks.figures import Goal, Result, Series, series
from central.storage.tables import Activation, Status

CLIENTS = 32
TERMINALS = 1000
LEAST_RATIO, MOST_CPU_MS = 0.6, 2.0
ACTIVATED, PENDING = b'"status":"ACTIVATED"', b'"status":"PENDING"'
SETTLE_S = 120.0
FIRST_ROUND = 64
"""Requests that warm a server up and show about how many it answers a second."""


class Round(Struct, frozen=True):
    """One round at one server: `server_ms`, `database_ms`: CPU for each request."""

    load: Load
    server_ms: float
    database_ms: float

    @property
    def cpu_ms(self) -> float:
        """Return the CPU of server and database for each request."""
        return self.server_ms + self.database_ms

    @property
    def pending_percent(self) -> float:
        """Return how many answers said that the register had not answered yet."""
        return 100 * self.load.counts[PENDING] / self.load.counts.total()

    @property
    def generator_ms(self) -> float:
        """Return the generator's own CPU for each request."""
        return 1000 * self.load.cpu_s / len(self.load.latencies_s)


def run(bench: Bench) -> list[Result]:
    """Measure with each database that is asked for."""
    return [result for engine in bench.central.databases for result in _measured(bench, engine)]


def _measured(bench: Bench, engine: str) -> Iterator[Result]:
    before = load()
    with _servers(bench, engine) as (central, bare):
        fleet = Fleet(central.database, central.sealer, TERMINALS)
        ours, theirs = Subject(central, fleet), Subject(bare, fleet)
        pictured = Subject(central, fleet, picture=True)
        seconds = bench.central.seconds
        rounds = [(ours.round(seconds), theirs.round(seconds)) for _ in range(bench.central.rounds)]
        with_picture = [pictured.round(seconds) for _ in range(bench.times(2, 1))]
    ratio = [one.load.rate / other.load.rate for one, other in rounds]
    mine, least = [one for one, _ in rounds], [one for _, one in rounds]
    count = sum(len(one.load.latencies_s) for one in mine)
    told = (
        f"{engine}, {bench.central.workers} worker(s), {CLIENTS} clients of {TERMINALS} terminals, rounds of "
        f"about {seconds:g} s that take turns, {count} activations in all; {machine.filesystem(bench.work)}. "
        "The generator signs beforehand."
    )
    yield Result(
        name="central",
        title=f"Activations against a bare insert ({engine})",
        ours=series("central / bare FastAPI + SQLAlchemy insert", "×", ratio),
        baselines=(series("the bare insert itself", "×", [1.0]),),
        parts=(
            _series("central", "activations/s", mine, lambda one: one.load.rate),
            _series("bare insert", "requests/s", least, lambda one: one.load.rate),
            _series("central, answered as pending at first", "%", mine, lambda one: one.pending_percent),
            _latency("central, median latency", mine, 0.5),
            _latency("central, 99 % within", mine, 0.99),
            _latency("bare insert, 99 % within", least, 0.99),
        ),
        goal=Goal(LEAST_RATIO, most=False),
        remark=told,
        load=before,
    )
    yield Result(
        name="central",
        title=f"CPU of an activation, server and database ({engine})",
        ours=_cpu("central", mine),
        baselines=(_cpu("bare insert", least),),
        parts=(
            _series("central's processes", "ms CPU", mine, lambda one: one.server_ms),
            _series("its PostgreSQL", "ms CPU", mine, lambda one: one.database_ms),
            _series("bare insert's processes", "ms CPU", least, lambda one: one.server_ms),
            _series("its PostgreSQL, bare insert", "ms CPU", least, lambda one: one.database_ms),
            _cpu("central, with a picture of 30 KB", with_picture),
            _series("the generator, not included", "ms CPU", mine, lambda one: one.generator_ms),
        ),
        goal=Goal(MOST_CPU_MS),
        remark=told,
        load=before,
    )


class Subject:
    """A server and what it is sent."""

    def __init__(self, server: Server, fleet: Fleet, *, picture: bool = False) -> None:
        self._server, self._fleet, self._picture = server, fleet, picture
        self._rate = self._round(FIRST_ROUND).load.rate

    def round(self, seconds: float) -> Round:
        """Send as many requests as it answers in about `seconds`."""
        measured = self._round(max(CLIENTS, round(self._rate * seconds)))
        self._rate = measured.load.rate
        return measured

    def _round(self, count: int) -> Round:
        requests = self._fleet.signed_activations(count, self._picture)
        connections = connect(self._server.port, self._server.ca, CLIENTS)
        server, database = self._server.server_cpu_s(), self._server.database_cpu_s()
        load = send_all(connections, requests, (ACTIVATED, PENDING))
        if load.counts[PENDING]:
            load = replace(load, seconds=load.seconds + self._seconds_until_settled())
        server, database = self._server.server_cpu_s() - server, self._server.database_cpu_s() - database
        for connection in connections:
            connection.close()
        return Round(load, 1000 * server / count, 1000 * database / count)

    def _seconds_until_settled(self) -> float:
        """Wait for the requests whose answer was that the register had not answered yet."""
        began = time.monotonic()
        unsettled = Activation.status.in_((Status.RUNNING.value, Status.PENDING.value))
        query = select(func.count()).where(unsettled)
        while True:
            with self._server.database.read() as session:
                if not session.scalar(query):
                    return time.monotonic() - began
            if time.monotonic() - began > SETTLE_S:
                raise RuntimeError("requests stay pending")
            time.sleep(SETTLE_S / 1000)


@contextmanager
def _servers(bench: Bench, engine: str) -> Iterator[tuple[Server, Server]]:
    workers, folder = bench.central.workers, bench.work / f"activations-{engine}"
    with (
        databases(engine, folder / "databases") as made,
        central_server(folder / "central", made, workers=workers) as central,
        bare_server(central, made, workers) as bare,
    ):
        yield central, bare


def _series(label: str, unit: str, rounds: list[Round], value: Callable[[Round], float]) -> Series:
    return series(label, unit, map(value, rounds))


def _cpu(label: str, rounds: list[Round]) -> Series:
    return _series(label, "ms CPU", rounds, lambda one: one.cpu_ms)


def _latency(label: str, rounds: list[Round], share: float) -> Series:
    return _series(label, "ms", rounds, lambda one: 1000 * percentile(one.load.latencies_s, share))
