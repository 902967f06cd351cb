"""What is done to terminal and central, one after the other; each part yields how its visits ended.

`wanted`: which points, for the short form and for runs in pieces.
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
from tests.torture.cutter import Cut, Cutter, Part
from tests.torture.points import CLIENT, Points, watch
from tests.torture.town import SETTLE_S, End, Town, carry, forked, promise_of, put
from tests.torture.wanted import ALL_POINTS, Wanted

_DAY_S = 86_400.0
_LOG_HEAD, _FRAME = 32, 24 + 4096
"""Bytes of SQLite's write-ahead log: its head, and a frame of header and page."""


def terminal_killed(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """SIGKILL at every statement, commit, send and receive of the terminal, from its start to the receipt."""
    points = Points()
    for n in wanted.numbers():
        file, visit = town.new_file(f"killed-{n}"), new_visit_number()
        points.arm(n)
        if not forked(lambda f=file, v=visit: _customer(town, points, f, v)):
            return
        yield town.judge(n, f"terminal killed {points.where}", file, visit, promise_of(file).exists())


def _customer(town: Town, points: Points, file: Path, visit: str) -> None:
    watch(points, CLIENT)
    terminal = town.terminal(file)
    if put(terminal, visit):
        promise_of(file).touch()
    carry(terminal, SETTLE_S)


def central_killed(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """SIGKILL at every statement, commit, send and receive of central while it serves one visit."""
    for n in wanted.numbers():
        file, visit = town.new_file(f"central-{n}"), new_visit_number()
        terminal = town.terminal(file)
        town.say(f"arm {n}")
        promised = put(terminal, visit)
        carry(terminal, 3.0)
        terminal.close()
        where = town.say("disarm")
        died = town.kill()
        town.start()
        if not died:
            return
        yield town.judge(n, f"central killed {where}", file, visit, promised)


def line_cut(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """Before, in the middle of and after every piece of the conversation, in both directions."""
    cutter = Cutter(town.port)
    _, pieces = _over(town, cutter, 0, "measured", None)
    cuts = [Cut(up, piece, part) for up in (True, False) for piece in range(pieces[up]) for part in Part]
    for n, cut in wanted.of(cuts):
        end, _ = _over(town, cutter, n, f"line cut {cut}", cut)
        if cutter.happened:
            yield end
    cutter.close()


def _over(town: Town, cutter: Cutter, n: int, what: str, cut: Cut | None) -> tuple[End, dict[bool, int]]:
    file, visit = town.new_file(what.replace(" ", "-")), new_visit_number()
    terminal = town.terminal(file, cutter.url)
    cutter.arm(cut)
    promised = put(terminal, visit)
    carry(terminal, SETTLE_S)
    terminal.close()
    return town.judge(n, what, file, visit, promised), dict(cutter.pieces)


def terminal_disk_full(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """No file of the terminal's may grow beyond so many bytes: from where SQLite can just start (32 KiB of
    shared memory) to where everything fits, in steps of an eighth of a page."""
    for point, limit in wanted.of([0, *range(32 * 1024, 52 * 1024, 512)]):
        file, visit = town.new_file(f"full-{limit}"), new_visit_number()
        forked(lambda f=file, v=visit, n=limit: _cramped(town, f, v, n))
        yield town.judge(
            point, f"terminal's disk full at {limit} bytes", file, visit, promise_of(file).exists()
        )


def _cramped(town: Town, file: Path, visit: str, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    terminal = town.terminal(file)
    if put(terminal, visit):
        promise_of(file).touch()
    carry(terminal, 2.0)


def central_disk_full(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """No file of central's may grow beyond what it needs to start, plus so many pages."""
    for n, pages in wanted.of(range(0, 40, 4)):
        file, visit = town.new_file(f"central-full-{pages}"), new_visit_number()
        terminal = town.terminal(file)
        town.kill()
        town.start(fsize=town.size + pages * 4096)
        promised = put(terminal, visit)
        carry(terminal, 2.0)
        terminal.close()
        town.kill()
        town.start()
        yield town.judge(n, f"central's disk full after {pages} pages", file, visit, promised)


def file_corrupted(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """Each page of the outbox, with a waiting request in it, spoilt at begin, middle and end."""
    for n in wanted.numbers():
        file, visit = town.new_file(f"spoilt-{n}"), new_visit_number()
        database = Database(file)
        terminal = town.terminal(file)
        promised = put(terminal, visit)
        terminal.close()
        database.scrub()
        database.close()
        places = [p * 4096 + o for p in range(file.stat().st_size // 4096) for o in (40, 2048, 4000)]
        if n > len(places):
            return
        _spoil(file, places[n - 1])
        yield town.judge(n, f"outbox spoilt at {places[n - 1]}", file, visit, promised)


def _spoil(file: Path, at: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[at : at + 48] = bytes(byte ^ 0x5A for byte in raw[at : at + 48])
    file.write_bytes(raw)


def log_spoilt(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """The power goes right after the promise, and each frame of SQLite's write-ahead log is spoilt at begin,
    middle and end, or everything from there on is missing. SQLite says nothing of it.
    """
    for n in wanted.numbers():
        file, visit = town.new_file(f"log-{n}"), new_visit_number()
        assert forked(lambda f=file, v=visit: _struck(town, f, v))
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
        yield town.judge(n, f"write-ahead log {what} at {at}", file, visit, promise_of(file).exists())


def _struck(town: Town, file: Path, visit: str) -> None:
    if put(town.terminal(file), visit):
        promise_of(file).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def older_copy(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """An earlier copy of the outbox is put back: each stage of two visits is replaced by each before it."""
    stages = [(taken, back) for back in range(1, 5) for taken in range(back)]
    for n, (taken, back) in wanted.of(stages):
        file, visits = town.new_file(f"copy-{n}"), (new_visit_number(), new_visit_number())
        copy = file.with_suffix(".copy")
        promised = []
        for stage in range(back + 1):
            if stage:
                promised += _stage(town, file, visits[(stage - 1) // 2], deliver=stage % 2 == 0)
            if stage == taken:
                shutil.copy(file, copy)
        shutil.copy(copy, file)
        for visit in promised:
            yield town.judge(n, f"a copy of stage {taken} put back in stage {back}", file, visit, True)


def _stage(town: Town, file: Path, visit: str, *, deliver: bool) -> list[str]:
    """Put, or deliver; the visit if it was promised just now. The terminal is shut down after it."""
    terminal = town.terminal(file)
    try:
        if not deliver:
            assert put(terminal, visit)
            return [visit]
        carry(terminal, SETTLE_S)
        while terminal.pool.count(time.time()) == 0:
            terminal.delivery.round()
        return []
    finally:
        terminal.close()


def clock_jumps(town: Town, wanted: Wanted = ALL_POINTS) -> Iterator[End]:
    """The wall clock is set back and forth between all steps; in the end it is right again."""
    for n, seed in wanted.of(range(24)):
        chosen = random.Random(seed)
        file, visit = town.new_file(f"clock-{seed}"), new_visit_number()
        terminal = town.terminal(file)
        off = [0.0]

        def now(off: list[float] = off) -> float:
            return time.time() + off[0]

        for one in (terminal.delivery, terminal.gateway, terminal.submission):
            one._clock_unix = now  # type: ignore[attr-defined]
        promised = put(terminal, visit)
        for _ in range(6):
            off[0] = chosen.choice([-400 * _DAY_S, -_DAY_S, -90.0, 0.0, 90.0, _DAY_S, 400 * _DAY_S])
            terminal.delivery._quiet_until = 0.0
            carry(terminal, 0.3)
        off[0] = 0.0
        terminal.delivery._quiet_until = 0.0
        carry(terminal, 2.0)
        terminal.close()
        yield town.judge(n, f"clock set {seed}", file, visit, promised)


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
