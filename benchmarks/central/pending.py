"""What requests cost that wait for the register's next answer, until they are due."""

import time

from benchmarks.bench import Bench, load
from benchmarks.central import fill
from benchmarks.central.activations import Subject
from benchmarks.central.databases import postgresql
from benchmarks.central.fill import Filler
from benchmarks.central.requests import Fleet
from benchmarks.central.servers import Server, central_server
from benchmarks.figures import Result, series

TERMINALS = 100
DUE_IN_S = 7 * 86_400


def run(bench: Bench) -> list[Result]:
    """Measure central's CPU while nobody calls, before and after the requests are there."""
    before, folder, count = load(), bench.work / "pending", bench.central.pending
    with (
        postgresql(folder / "databases") as made,
        central_server(folder / "central", made, workers=bench.central.workers) as server,
    ):
        fleet = Fleet(server.database, server.sealer, TERMINALS)
        Subject(server, fleet)
        none = _windows(bench, server)
        due = f"{time.time() + DUE_IN_S!r} + n.g"
        waits = {
            "status": "'PENDING'",
            "code": "'authority.absent'",
            "recheck_unix": due,
            "credential": "NULL",
        }
        with made.connect("central") as connection:
            filler = Filler(connection, [one.name for one in fleet.terminals])
            filler.copy(fill.ACTIVATIONS, count, waits)
            filler.execute("VACUUM ANALYZE")
        many = _windows(bench, server)
    return [
        Result(
            name="central",
            title=f"{count:,} pending requests, none of them due",
            ours=series("server and database while nobody calls", "cores", many),
            baselines=(series("without pending requests", "cores", none),),
            remark=f"PostgreSQL, {bench.central.workers} worker(s); the re-check asks what is due as often "
            "as in simulation, five times a second.",
            load=before,
        )
    ]


def _windows(bench: Bench, server: Server) -> list[float]:
    window_s, cores = bench.times(10, 1), []
    for _ in range(bench.central.rounds):
        began, spent = time.perf_counter(), server.cpu_s()
        time.sleep(window_s)
        cores.append((server.cpu_s() - spent) / (time.perf_counter() - began))
    return cores
