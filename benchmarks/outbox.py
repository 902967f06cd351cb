"""How many requests a second the outbox can promise: each on disk before the next begins."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import machine
from benchmarks.bench import Bench, load
from benchmarks.figures import Result, series
from kiosk.activation.database import Database
from kiosk.activation.outbox import Outbox
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.visit_number import new_visit_number

BODY = 48_000
"""Bytes: a request with a sealed picture of 480 px."""
BATCH = 20


def run(bench: Bench) -> list[Result]:
    """Batches of ours and of the baseline take turns, so that both meet the same disk."""
    before = load()
    body = os.urandom(BODY)
    batches = bench.times(15, 2)
    database = Database(bench.work / "outbox.sqlite3")
    outbox, bare = Outbox(database), _bare(bench.work / "bare.sqlite3")
    audit = AuditLog(bench.work / "audit.log")

    def promise() -> None:
        """The row and its record: what there is before the screen may promise."""
        visit = new_visit_number()
        outbox.put(visit, body, time.time())
        audit.append(RecordKind.VISIT_STORED, visit=visit)

    ours, least, cpu, promised = [], [], [], []
    for _ in range(batches):
        began = time.process_time()
        ours.append(_rate(lambda: outbox.put(new_visit_number(), body, time.time())))
        cpu.append(1000 * (time.process_time() - began) / BATCH)
        promised.append(_rate(promise))
        least.append(_rate(lambda: bare.execute("INSERT INTO t VALUES (?, ?)", (os.urandom(8), body))))
    database.close()
    bare.close()
    return [
        Result(
            name="outbox",
            title="Requests put into the outbox, durably",
            ours=series("Outbox.put", "puts/s", ours),
            baselines=(series("bare SQLite commit, WAL + FULL", "puts/s", least),),
            parts=(
                series("Outbox.put", "ms CPU", cpu),
                series("Outbox.put and its record in the audit log", "puts/s", promised),
            ),
            remark=f"{BODY} bytes each, one writer, file system {machine.filesystem(bench.work)}.",
            load=before,
        )
    ]


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id BLOB PRIMARY KEY, body BLOB)"
    )
    return connection


def _rate(once: Callable[[], object]) -> float:
    """How often a second, over one batch."""
    began = time.perf_counter()
    for _ in range(BATCH):
        once()
    return BATCH / (time.perf_counter() - began)
