"""All terminals of a province come back at the same moment, each with requests that waited."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPSConnection
from ssl import create_default_context

from benchmarks.bench import Bench, load
from benchmarks.central.databases import postgresql
from benchmarks.central.generator import connect, send_all
from benchmarks.central.measuring import percentile
from benchmarks.central.requests import Activation, Fleet
from benchmarks.central.servers import Server, central_server
from benchmarks.central.terminals import Fared, RunningFleet, settings_for
from benchmarks.figures import Goal, Result, series

WAITING = 3
"""Requests in each outbox."""
LIMIT_S = 600.0
MOST_S, MOST_TIMES_MEDIAN, MOST_LOOK_UP_S = 120.0, 2.0, 1.0
LOOK_UPS_A_S = 5.0
LOOK_UP_TIMEOUT_S = 30.0
LOOK_UP_THREADS = 64


class LookUps:
    """A customer's look-up every so often, each on a new connection, whether or not others are answered.

    `seconds`: of each that was answered; `failed`: the others.
    """

    def __init__(self, server: Server, visit: str) -> None:
        self._server, self._visit = server, visit
        self._trusted = create_default_context(cafile=str(server.ca))
        self.seconds: list[float] = []
        self.failed: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "LookUps":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(LOOK_UP_THREADS) as pool:
            while not self._stop.wait(1 / LOOK_UPS_A_S):
                pool.submit(self._look_up)

    def _look_up(self) -> None:
        began = time.perf_counter()
        connection = HTTPSConnection(
            "localhost", self._server.port, context=self._trusted, timeout=LOOK_UP_TIMEOUT_S
        )
        try:
            connection.request("GET", f"/look-up/{self._visit}")
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            self.failed[type(error).__name__] += 1
        else:
            if answer.status == 200:
                self.seconds.append(time.perf_counter() - began)
            else:
                self.failed[str(answer.status)] += 1
        finally:
            connection.close()


def run(bench: Bench) -> list[Result]:
    """Measure once: a return takes minutes. The baseline is what one terminal alone needs."""
    before, count = load(), bench.central.terminals
    folder, workers = bench.work / "fleet-return", bench.central.workers
    with (
        postgresql(folder / "databases") as made,
        central_server(folder / "central", made, workers=workers) as server,
    ):
        alone = _returned(server, 1)
        served = _returned(server, count)
    return _results(bench, count, alone, served, before)


class Outcome:
    """What was measured of one return."""

    def __init__(self, fared: Fared, look_ups: LookUps, server_s: float, database_s: float) -> None:
        self.fared = fared
        self.look_ups = look_ups
        self.server_s, self.database_s = server_s, database_s
        self.outcomes = sum((Counter(one.outcomes) for one in fared.terminals), Counter())

    @property
    def seconds(self) -> list[float]:
        """Return the seconds that each took; LIMIT_S if it was not served whole."""
        return [LIMIT_S if one.served_s is None else one.served_s for one in self.fared.terminals]

    @property
    def unserved(self) -> int:
        """Return how many were not served whole."""
        return sum(one.served_s is None for one in self.fared.terminals)


def _returned(server: Server, count: int) -> Outcome:
    fleet = Fleet(server.database, server.sealer, count)
    waiting: dict[str, list[Activation]] = {}
    for one in fleet.activations(WAITING * count):
        waiting.setdefault(one.terminal.name, []).append(one)
    seen = _activated(server, fleet)
    server.database.close()
    with RunningFleet(server, settings_for(server), fleet.terminals, waiting) as running:
        server_s, database_s = server.server_cpu_s(), server.database_cpu_s()
        running.start()
        with LookUps(server, seen) as look_ups:
            running.until_served(LIMIT_S)
        server_s, database_s = server.server_cpu_s() - server_s, server.database_cpu_s() - database_s
        return Outcome(running.stop(), look_ups, server_s, database_s)


def _activated(server: Server, fleet: Fleet) -> str:
    """Return the number of a visit that central has settled."""
    (one,) = fleet.activations(1)
    (connection,) = connect(server.port, server.ca, 1)
    send_all([connection], [one.signed()])
    connection.close()
    return one.visit


def _results(bench: Bench, count: int, alone: Outcome, all: Outcome, before: float) -> list[Result]:
    seconds = all.seconds
    middle = percentile(seconds, 0.5)
    told = (
        f"{count} terminals, each with {WAITING} requests, an empty pool of challenges and no roster; "
        f"PostgreSQL, {bench.central.workers} worker(s). Answers: {_counted(all.outcomes)}. Not served whole "
        f"after {LIMIT_S:g} s: {all.unserved}. The terminals' own client code runs on the same cores."
    )
    looked = (
        f"{len(all.look_ups.seconds)} look-ups of a customer, each with a new connection, "
        f"{LOOK_UPS_A_S:g} a second; failed: {_counted(all.look_ups.failed)}."
    )
    return [
        Result(
            name="central",
            title=f"{count} terminals return at once: all served whole",
            ours=series("the last one", "s", [max(seconds)]),
            baselines=(series("a terminal alone", "s", [max(alone.seconds)]),),
            parts=(
                series("each terminal", "s", seconds),
                series("CPU of central's processes", "s", [all.server_s]),
                series("CPU of PostgreSQL", "s", [all.database_s]),
                series("CPU of the terminals, on the same cores", "s", [all.fared.cpu_s]),
            ),
            goal=Goal(MOST_S),
            remark=told,
            load=before,
        ),
        Result(
            name="central",
            title=f"{count} terminals return at once: the slowest against the median",
            ours=series("slowest / median", "×", [max(seconds) / middle]),
            baselines=(series("the median", "×", [1.0]),),
            parts=(series("99 % within", "s", [percentile(seconds, 0.99)]),),
            goal=Goal(MOST_TIMES_MEDIAN),
            remark=told,
            load=before,
        ),
        Result(
            name="central",
            title=f"A look-up while {count} terminals return, 99 % within",
            ours=series("while they return", "s", [percentile(all.look_ups.seconds or [LIMIT_S], 0.99)]),
            baselines=(
                series("while one does", "s", [percentile(alone.look_ups.seconds or [LIMIT_S], 0.99)]),
            ),
            parts=(series("each look-up", "s", all.look_ups.seconds or [LIMIT_S]),),
            goal=Goal(MOST_LOOK_UP_S),
            remark=looked,
            load=before,
        ),
    ]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} × {count}" for name, count in sorted(counts.items())) or "none"
