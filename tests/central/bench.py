"""Measures how fast central is: `python -m tests.central.bench [SECONDS]` prints requests a second.

The baseline is what the disk allows: bare commits a second on the same SQLite settings.
"""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.central_server import running_central
from tests.support.protocol_terminal import ProtocolTerminal

THREADS = 4


def main(seconds: float = 5.0) -> None:
    limits = "[requests]\nper_s = 1e6\nburst = 1000000\nstrangers_burst = 1000000\n"
    with tempfile.TemporaryDirectory() as folder:
        print(f"baseline: bare SQLite commits/s     {commits(Path(folder), seconds):8.0f}")
        with running_central(Path(folder), settings=limits) as central:
            terminal = ProtocolTerminal(central)
            each = [terminal.alone() for _ in range(THREADS)]
            health = rate(lambda i: each[i].session.get(central.url + "/v1/health", timeout=9), seconds)
            print(f"GET  /v1/health          requests/s {health:8.0f}")
            digits = rate(lambda i: each[i].challenges(25), seconds)
            print(f"POST /v1/challenges (25) requests/s {digits:8.0f}")
            bodies = [[json.dumps(t.activation()).encode() for _ in range(60)] for t in each]
            began = time.perf_counter()
            with ThreadPoolExecutor(THREADS) as pool:
                list(
                    pool.map(
                        lambda i: [each[i].activate(body).raise_for_status() for body in bodies[i]],
                        range(THREADS),
                    )
                )
            print(f"POST /v1/activations     requests/s {THREADS * 60 / (time.perf_counter() - began):8.0f}")


def rate(once: Callable[[int], object], seconds: float) -> float:
    """Return calls a second from `THREADS` threads; `once` gets the thread's number."""
    end = time.perf_counter() + seconds

    def work(thread: int) -> int:
        count = 0
        while time.perf_counter() < end:
            once(thread)
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(work, range(THREADS))) / seconds


def commits(folder: Path, seconds: float) -> float:
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x)")
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection.execute("INSERT INTO t VALUES (1)")
        count += 1
    connection.close()
    return count / seconds


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
