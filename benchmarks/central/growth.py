"""What an activation costs when central has carried out millions before, against an empty database."""

import time

from benchmarks.bench import Bench, load
from benchmarks.central import fill
from benchmarks.central.activations import Round, Subject
from benchmarks.central.databases import Wal, postgresql
from benchmarks.central.fill import Filler
from benchmarks.central.requests import Fleet
from benchmarks.central.servers import central_server
from benchmarks.figures import Goal, Result, series

TERMINALS = 5000
MOST_TIMES = 1.2
NONCES = 600_000
"""Of an hour of heartbeats of 5,000 terminals: older ones have been deleted."""


def run(bench: Bench) -> list[Result]:
    """Two centrals on one PostgreSQL, the second database filled, in rounds that take turns."""
    before, folder, workers = load(), bench.work / "growth", bench.central.workers
    rows, seconds = bench.central.rows, bench.central.seconds
    with (
        postgresql(folder / "databases") as made,
        central_server(folder / "empty", made, "empty", workers=workers) as empty,
        central_server(folder / "full", made, "full", workers=workers) as full,
    ):
        new = Subject(empty, Fleet(empty.database, empty.sealer, TERMINALS))
        fleet = Fleet(full.database, full.sealer, TERMINALS)
        old = Subject(full, fleet)
        with made.connect("full") as connection:
            sizes = _fill(Filler(connection, [one.name for one in fleet.terminals]), rows)
        old.round(1.0)
        rounds, wal = [], []
        for _ in range(bench.central.rounds):
            logs = [made.wal()]
            empty_round = new.round(seconds)
            logs.append(made.wal())
            full_round = old.round(seconds)
            logs.append(made.wal())
            rounds.append((empty_round, full_round))
            wal.append((_each(logs[0], logs[1], empty_round), _each(logs[1], logs[2], full_round)))
    ratio = [b.cpu_ms / a.cpu_ms for a, b in rounds]
    return [
        Result(
            name="central",
            title=f"Cost of an activation at {rows:,} rows against an empty database",
            ours=series("CPU at this size / empty", "×", ratio),
            baselines=(series("the empty database", "×", [1.0]),),
            parts=(
                series("empty, server and database", "ms CPU", [a.cpu_ms for a, _ in rounds]),
                series(f"{rows:,} rows, server and database", "ms CPU", [b.cpu_ms for _, b in rounds]),
                series("empty, PostgreSQL", "ms CPU", [a.database_ms for a, _ in rounds]),
                series(f"{rows:,} rows, PostgreSQL", "ms CPU", [b.database_ms for _, b in rounds]),
                series("empty, median latency", "ms", [_median_ms(a) for a, _ in rounds]),
                series(f"{rows:,} rows, median latency", "ms", [_median_ms(b) for _, b in rounds]),
                series("empty, write-ahead log", "KB", [a for (a, _), _ in wal]),
                series(f"{rows:,} rows, write-ahead log", "KB", [a for _, (a, _) in wal]),
                series(f"{rows:,} rows, fdatasync of that log", "times", [b for _, (_, b) in wal]),
                *(series(f"{table}, a row with its indexes", "bytes", [size]) for table, size in sizes),
            ),
            goal=Goal(MOST_TIMES),
            remark=f"PostgreSQL, {workers} worker(s), {TERMINALS} terminals; {rows:,} each of activations, "
            f"credentials, challenges and audit heads over a year, {min(NONCES, rows):,} nonces: copies of a "
            "real activation's rows with identifiers and times of their own.",
            load=before,
        )
    ]


def _median_ms(one: Round) -> float:
    rising = sorted(one.load.latencies_s)
    return 1000 * rising[len(rising) // 2]


def _each(before: Wal, after: Wal, one: Round) -> tuple[float, float]:
    """Return kilobytes and syncs of the write-ahead log for each activation."""
    count = len(one.load.latencies_s)
    return (after.bytes - before.bytes) / 1000 / count, (after.syncs - before.syncs) / count


def _fill(filler: Filler, rows: int) -> list[tuple[str, float]]:
    """Fill the database; return for each table the bytes of a row."""
    every = (fill.ACTIVATIONS, fill.CREDENTIALS, fill.CHALLENGES, fill.AUDIT_HEADS)
    indexes = filler.without_indexes([one.table for one in every])
    began = time.monotonic()
    for one in every:
        filler.copy(one, rows)
        print(f"  {one.table}: {rows:,} rows after {time.monotonic() - began:.0f} s", flush=True)
    filler.copy(fill.NONCES, min(NONCES, rows))
    for statement in indexes:
        filler.execute(statement)
    filler.execute("VACUUM ANALYZE")
    print(f"  indexes after {time.monotonic() - began:.0f} s", flush=True)
    return [(one.table, filler.size(one.table) / rows) for one in every]
