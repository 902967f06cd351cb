"""What a fleet costs central in which nothing happens: heartbeats only."""

import time
from collections import Counter

from benchmarks import machine
from benchmarks.bench import Bench, load
from benchmarks.central.databases import postgresql
from benchmarks.central.measuring import health_ms
from benchmarks.central.requests import Fleet
from benchmarks.central.servers import central_server
from benchmarks.central.terminals import RunningFleet, settings_for
from benchmarks.figures import Goal, Result, series

FLEET, HEARTBEAT_S = 5000, 30.0
MOST_CORES = 0.25
SERVED_S = 300.0


def run(bench: Bench) -> list[Result]:
    """Fewer terminals with as many heartbeats a second stand for all; they keep their connections."""
    before, folder = load(), bench.work / "idle-fleet"
    count, window_s = bench.times(500, 20), bench.times(10, 2)
    every_s = HEARTBEAT_S * count / FLEET if not bench.quick else 1.0
    a_second = FLEET / HEARTBEAT_S
    with (
        postgresql(folder / "databases") as made,
        central_server(folder / "central", made, workers=bench.central.workers) as server,
    ):
        fleet = Fleet(server.database, server.sealer, count)
        server.database.close()
        alone_mb = machine.tree_rss_mb(server.pid)
        health = [health_ms(server) * a_second / 1000 for _ in range(3)]
        with RunningFleet(server, settings_for(server, contact_s=every_s), fleet.terminals, {}) as running:
            running.start()
            if not running.until_served(SERVED_S):
                raise RuntimeError("the fleet was not served")
            time.sleep(every_s)
            windows = []
            for _ in range(bench.central.rounds):
                began, spent = time.perf_counter(), (server.server_cpu_s(), server.database_cpu_s())
                time.sleep(window_s)
                seconds = time.perf_counter() - began
                windows.append(
                    (
                        (server.server_cpu_s() - spent[0]) / seconds,
                        (server.database_cpu_s() - spent[1]) / seconds,
                    )
                )
            connection_kb = 1000 * (machine.tree_rss_mb(server.pid) - alone_mb) / count
            fared = running.stop()
    calls = sum((Counter(one.outcomes) for one in fared.terminals), Counter())
    scale = a_second * every_s / count
    return [
        Result(
            name="central",
            title=f"{FLEET} idle terminals with heartbeats every {HEARTBEAT_S:g} s",
            ours=series("server and database", "cores", [scale * (a + b) for a, b in windows]),
            baselines=(series(f"as many GET /v1/health ({a_second:.0f}/s)", "cores", health),),
            parts=(
                series("central's processes", "cores", [scale * a for a, _ in windows]),
                series("its PostgreSQL", "cores", [scale * b for _, b in windows]),
                series("central's memory for each open connection", "KB", [max(0.0, connection_kb)]),
            ),
            goal=Goal(MOST_CORES),
            remark=f"Scaled: {count} terminals of the own client code with a heartbeat every {every_s:g} s, "
            f"{count / every_s:.0f} a second; windows of {window_s} s; answers {dict(calls)}.",
            load=before,
        )
    ]
