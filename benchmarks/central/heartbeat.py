"""What a terminal's round costs central in which the roster and 25 challenges are due."""

import contextlib
from collections import Counter

from sqlalchemy import delete

from benchmarks.bench import Bench, load
from benchmarks.central.databases import postgresql
from benchmarks.central.measuring import health_ms
from benchmarks.central.requests import Fleet
from benchmarks.central.servers import Server, administer, central_server
from benchmarks.central.terminals import TerminalClient, disks, settings_for
from benchmarks.figures import Goal, Result, series
from central.storage.tables import Challenge

TERMINALS = 8
CHALLENGES = 25
MOST_MS = 1.5


def run(bench: Bench) -> list[Result]:
    """Measure with the calls that the terminal's own client makes, over a connection that stays open."""
    before, folder = load(), bench.work / "heartbeat"
    rounds = bench.times(25, 2)
    with (
        postgresql(folder / "databases") as made,
        central_server(folder / "central", made, workers=bench.central.workers) as server,
        contextlib.ExitStack() as undo,
    ):
        clients = _clients(server, undo)
        parts, health = [], []
        for _ in range(bench.central.rounds):
            health.append(health_ms(server))
            parts.append(_round(server, clients, rounds))
    calls = sum((client.http.outcomes for client in clients), Counter())
    made_rounds = TERMINALS * (rounds * bench.central.rounds + 1)
    return [
        Result(
            name="central",
            title=f"CPU of a heartbeat with roster and {CHALLENGES} challenges due",
            ours=series("server and database", "ms CPU", [a + b for a, b in parts]),
            baselines=(series("GET /v1/health", "ms CPU", health),),
            parts=(
                series("central's processes", "ms CPU", [a for a, _ in parts]),
                series("its PostgreSQL", "ms CPU", [b for _, b in parts]),
            ),
            goal=Goal(MOST_MS),
            remark=f"{TERMINALS} terminals with a clerk each; {calls.total() / made_rounds:.1f} calls a "
            f"round; answers: {dict(calls)}.",
            load=before,
        )
    ]


def _clients(server: Server, undo: contextlib.ExitStack) -> list[TerminalClient]:
    fleet = Fleet(server.database, server.sealer, TERMINALS)
    settings = settings_for(server, pool_target=CHALLENGES, pool_refill=CHALLENGES)
    folder, clients = undo.enter_context(disks()), []
    for terminal in fleet.terminals:
        administer(server.data, "clerk", "add", terminal.name)
        clients.append(TerminalClient(terminal, server, folder / terminal.name, settings, keep_roster=False))
        undo.callback(clients[-1].close)
        clients[-1].delivery.round()
        _require_served(clients[-1])
    return clients


def _round(server: Server, clients: list[TerminalClient], rounds: int) -> tuple[float, float]:
    """Return the CPU milliseconds of server and database for one terminal's round."""
    with server.database.write() as session:  # as if all had been used, or too many would be outstanding
        session.execute(delete(Challenge))
    server_s, database_s = server.server_cpu_s(), server.database_cpu_s()
    for _ in range(rounds):
        for client in clients:
            client.drop_challenges()
            client.delivery.contact_now()
            client.delivery.round()
            _require_served(client)
    count = rounds * len(clients)
    server_s, database_s = server.server_cpu_s() - server_s, server.database_cpu_s() - database_s
    return 1000 * server_s / count, 1000 * database_s / count


def _require_served(client: TerminalClient) -> None:
    if not client.is_served:
        raise RuntimeError(f"the terminal was not served: {client.http.outcomes}")
