"""The parts of the torture: what is done to terminal and central. Each part yields how its visits ended.

`selection`: the points to try; the short form tries a sample, and a run can be split.
"""

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from kiosk.activation.database import Database
from kiosk.visit_number import new_visit_number
from tests.torture.cutting_proxy import Cut, CutPosition, CuttingProxy
from tests.torture.kill_points import KillPoints, watch, watch_client
from tests.torture.point_selection import ALL_POINTS, PointSelection
from tests.torture.system import (
    SETTLE_S,
    FinalState,
    SystemUnderTest,
    deliver_all,
    killed_in_fork,
    promise_marker,
    serve_customer,
)

_DAY_S = 86_400.0
_LOG_HEAD, _FRAME = 32, 24 + 4096
"""Bytes of SQLite's write-ahead log: its header, and a frame of frame header and page."""


def terminal_killed(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Kill the terminal at every statement, commit, send and receive, from its start to the receipt."""
    points = KillPoints()
    for n in selection.numbers():
        file, visit = system.new_file(f"killed-{n}"), new_visit_number()
        points.arm(n)
        if not killed_in_fork(lambda f=file, v=visit: _customer(system, points, f, v)):
            return
        yield system.final_state(
            n, f"terminal killed {points.where}", file, visit, promise_marker(file).exists()
        )


def _customer(system: SystemUnderTest, points: KillPoints, file: Path, visit: str) -> None:
    watch(points)
    watch_client(points)
    terminal = system.terminal(file)
    if serve_customer(terminal, visit):
        promise_marker(file).touch()
    deliver_all(terminal, SETTLE_S)


def central_killed(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Kill central at every statement, commit, send and receive while it serves one visit."""
    for n in selection.numbers():
        file, visit = system.new_file(f"central-{n}"), new_visit_number()
        terminal = system.terminal(file)
        system.central.command(f"arm {n}")
        promised = serve_customer(terminal, visit)
        deliver_all(terminal, 3.0)
        terminal.close()
        where = system.central.command("disarm")
        died = system.central.kill()
        system.central.start()
        if not died:
            return
        yield system.final_state(n, f"central killed {where}", file, visit, promised)


def line_cut(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Cut the line before, in the middle of and after every piece of the conversation, in both directions."""
    proxy = CuttingProxy(system.port)
    yield from cut_everywhere(system, proxy, selection, "line cut", proxy.url)
    proxy.close()


def cut_everywhere(
    system: SystemUnderTest, proxy: CuttingProxy, selection: PointSelection, what: str, url: str
) -> Iterator[FinalState]:
    """Cut what goes through `proxy` while a terminal that reaches central by `url` serves a visit."""
    _, pieces = _over(system, proxy, 0, f"{what} measured", None, url)
    cuts = [
        Cut(up, piece, part) for up in (True, False) for piece in range(pieces[up]) for part in CutPosition
    ]
    for n, cut in selection.of(cuts):
        end, _ = _over(system, proxy, n, f"{what} {cut}", cut, url)
        if proxy.happened:
            yield end


def _over(
    system: SystemUnderTest, proxy: CuttingProxy, n: int, what: str, cut: Cut | None, url: str
) -> tuple[FinalState, dict[bool, int]]:
    file, visit = system.new_file(what.replace(" ", "-")), new_visit_number()
    terminal = system.terminal(file, url)
    proxy.arm(cut)
    promised = serve_customer(terminal, visit)
    deliver_all(terminal, SETTLE_S)
    terminal.close()
    return system.final_state(n, what, file, visit, promised), dict(proxy.pieces)


def terminal_disk_full(
    system: SystemUnderTest, selection: PointSelection = ALL_POINTS
) -> Iterator[FinalState]:
    """Limit the size of the terminal's files: from where SQLite can just start (32 KiB of shared memory) to
    where everything fits, in steps of an eighth of a page.
    """
    for point, limit in selection.of([0, *range(32 * 1024, 52 * 1024, 512)]):
        file, visit = system.new_file(f"full-{limit}"), new_visit_number()
        killed_in_fork(lambda f=file, v=visit, n=limit: _cramped(system, f, v, n))
        yield system.final_state(
            point, f"terminal's disk full at {limit} bytes", file, visit, promise_marker(file).exists()
        )


def _cramped(system: SystemUnderTest, file: Path, visit: str, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    terminal = system.terminal(file)
    if serve_customer(terminal, visit):
        promise_marker(file).touch()
    deliver_all(terminal, 2.0)


def central_disk_full(
    system: SystemUnderTest, selection: PointSelection = ALL_POINTS
) -> Iterator[FinalState]:
    """Limit the size of central's files to what it needs to start, plus some pages."""
    for n, pages in selection.of(range(0, 40, 4)):
        file, visit = system.new_file(f"central-full-{pages}"), new_visit_number()
        terminal = system.terminal(file)
        system.central.kill()
        system.central.start(str(system.size + pages * 4096))
        promised = serve_customer(terminal, visit)
        deliver_all(terminal, 2.0)
        terminal.close()
        system.central.kill()
        system.central.start()
        yield system.final_state(n, f"central's disk full after {pages} pages", file, visit, promised)


def file_corrupted(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Damage each page of the outbox, with a waiting request in it, at its begin, middle and end."""
    for n in selection.numbers():
        file, visit = system.new_file(f"spoilt-{n}"), new_visit_number()
        database = Database(file)
        terminal = system.terminal(file)
        promised = serve_customer(terminal, visit)
        terminal.close()
        database.scrub()
        database.close()
        places = [p * 4096 + o for p in range(file.stat().st_size // 4096) for o in (40, 2048, 4000)]
        if n > len(places):
            return
        _spoil(file, places[n - 1])
        yield system.final_state(n, f"outbox spoilt at {places[n - 1]}", file, visit, promised)


def _spoil(file: Path, at: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[at : at + 48] = bytes(byte ^ 0x5A for byte in raw[at : at + 48])
    file.write_bytes(raw)


def log_spoilt(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Cut the power after the promise and damage each frame of SQLite's write-ahead log at its begin,
    middle and end, or everything from there on is missing. SQLite says nothing of it.
    """
    for n in selection.numbers():
        file, visit = system.new_file(f"log-{n}"), new_visit_number()
        assert killed_in_fork(lambda f=file, v=visit: _struck(system, f, v))
        log = file.with_name(file.name + "-wal")
        frames = range(_LOG_HEAD, log.stat().st_size, _FRAME)
        places = [(at + o, False) for at in frames for o in (4, 24 + 2048, 24 + 4000)]
        places += [(at, True) for at in frames]
        if n > len(places):
            return
        at, cut = places[n - 1]
        if cut:
            os.truncate(log, at)
        else:
            _spoil(log, at)
        what = "cut" if cut else "spoilt"
        yield system.final_state(
            n, f"write-ahead log {what} at {at}", file, visit, promise_marker(file).exists()
        )


def _struck(system: SystemUnderTest, file: Path, visit: str) -> None:
    if serve_customer(system.terminal(file), visit):
        promise_marker(file).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def older_copy(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Put an earlier copy of the outbox back: each stage of two visits is replaced by each before it."""
    stages = [(taken, back) for back in range(1, 5) for taken in range(back)]
    for n, (taken, back) in selection.of(stages):
        file, visits = system.new_file(f"copy-{n}"), (new_visit_number(), new_visit_number())
        copy = file.with_suffix(".copy")
        promised = []
        for stage in range(back + 1):
            if stage:
                promised += _stage(system, file, visits[(stage - 1) // 2], deliver=stage % 2 == 0)
            if stage == taken:
                shutil.copy(file, copy)
        shutil.copy(copy, file)
        for visit in promised:
            yield system.final_state(
                n, f"a copy of stage {taken} put back in stage {back}", file, visit, True
            )


def _stage(system: SystemUnderTest, file: Path, visit: str, *, deliver: bool) -> list[str]:
    """Serve or deliver; returns the visit if it was promised now. The terminal is shut down afterwards."""
    terminal = system.terminal(file)
    try:
        if not deliver:
            assert serve_customer(terminal, visit)
            return [visit]
        deliver_all(terminal, SETTLE_S)
        while terminal.pool.count(time.time()) == 0:
            terminal.delivery.round()
        return []
    finally:
        terminal.close()


def clock_jumps(system: SystemUnderTest, selection: PointSelection = ALL_POINTS) -> Iterator[FinalState]:
    """Set the wall clock back and forth between all steps; in the end it is right again."""
    for n, seed in selection.of(range(24)):
        chosen = random.Random(seed)
        file, visit = system.new_file(f"clock-{seed}"), new_visit_number()
        terminal = system.terminal(file)
        off = [0.0]

        def now(off: list[float] = off) -> float:
            return time.time() + off[0]

        for one in (terminal.delivery, terminal.gateway, terminal.submission):
            one._clock_unix = now  # type: ignore[attr-defined]
        promised = serve_customer(terminal, visit)
        for _ in range(6):
            off[0] = chosen.choice([-400 * _DAY_S, -_DAY_S, -90.0, 0.0, 90.0, _DAY_S, 400 * _DAY_S])
            terminal.delivery._quiet_until = 0.0
            deliver_all(terminal, 0.3)
        off[0] = 0.0
        terminal.delivery._quiet_until = 0.0
        deliver_all(terminal, 2.0)
        terminal.close()
        yield system.final_state(n, f"clock set {seed}", file, visit, promised)


ALL = {
    "terminal killed": terminal_killed,
    "central killed": central_killed,
    "line cut": line_cut,
    "terminal's disk full": terminal_disk_full,
    "central's disk full": central_disk_full,
    "outbox spoilt": file_corrupted,
    "log spoilt": log_spoilt,
    "older copy": older_copy,
    "clock set": clock_jumps,
}
