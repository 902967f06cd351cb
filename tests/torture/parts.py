"""What is done to terminal and central, one after the other; each part yields how its visits ended.

`every`: only each so-many-th point, for the short form; 1 is all of them.
"""

import random
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from kiosk.activation.database import Database
from kiosk.numbers import new_visit_number
from tests.torture.cutter import Cut, Cutter, Part
from tests.torture.points import CLIENT, Points, watch
from tests.torture.town import SETTLE_S, End, Town, carry, forked, promise_of, put

_DAY_S = 86_400.0


def terminal_killed(town: Town, every: int = 1) -> Iterator[End]:
    """SIGKILL at every statement, commit, send and receive of the terminal, from its start to the receipt."""
    points = Points()
    n, killed = 1, True
    while killed:
        file, visit = town.new_file(f"killed-{n}"), new_visit_number()
        points.arm(n)
        killed = forked(lambda f=file, v=visit: _customer(town, points, f, v))
        where = points.where
        if killed:
            yield town.judge(f"terminal killed {where} ({n})", file, visit, promise_of(file).exists())
            n += every


def _customer(town: Town, points: Points, file: Path, visit: str) -> None:
    watch(points, CLIENT)
    terminal = town.terminal(file)
    if put(terminal, visit):
        promise_of(file).touch()
    carry(terminal, SETTLE_S)


def central_killed(town: Town, every: int = 1) -> Iterator[End]:
    """SIGKILL at every statement, commit, send and receive of central while it serves one visit."""
    n, died = 1, True
    while died:
        file, visit = town.new_file(f"central-{n}"), new_visit_number()
        terminal = town.terminal(file)
        town.say(f"arm {n}")
        promised = put(terminal, visit)
        carry(terminal, 3.0)
        terminal.close()
        where = town.say("disarm")
        died = town.kill()
        town.start()
        if died:
            yield town.judge(f"central killed {where}", file, visit, promised)
            n += every


def line_cut(town: Town, every: int = 1) -> Iterator[End]:
    """Before, in the middle of and after every piece of the conversation, in both directions."""
    cutter = Cutter(town.port)
    _, pieces = _over(town, cutter, "measured", None)
    cuts = [Cut(up, piece, part) for up in (True, False) for piece in range(pieces[up]) for part in Part]
    for cut in cuts[::every]:
        end, _ = _over(town, cutter, f"line cut {cut}", cut)
        if cutter.happened:
            yield end
    cutter.close()


def _over(town: Town, cutter: Cutter, what: str, cut: Cut | None) -> tuple[End, dict[bool, int]]:
    file, visit = town.new_file(what.replace(" ", "-")), new_visit_number()
    terminal = town.terminal(file, cutter.url)
    cutter.arm(cut)
    promised = put(terminal, visit)
    carry(terminal, SETTLE_S)
    terminal.close()
    return town.judge(what, file, visit, promised), dict(cutter.pieces)


def terminal_disk_full(town: Town, every: int = 1) -> Iterator[End]:
    """No file of the terminal's may grow beyond so many bytes: from where SQLite can just start (32 KiB of
    shared memory) to where everything fits, in steps of an eighth of a page."""
    for limit in [0, *range(32 * 1024, 52 * 1024, 512)][::every]:
        file, visit = town.new_file(f"full-{limit}"), new_visit_number()
        forked(lambda f=file, v=visit, n=limit: _cramped(town, f, v, n))
        yield town.judge(f"terminal's disk full at {limit} bytes", file, visit, promise_of(file).exists())


def _cramped(town: Town, file: Path, visit: str, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    terminal = town.terminal(file)
    if put(terminal, visit):
        promise_of(file).touch()
    carry(terminal, 2.0)


def central_disk_full(town: Town, every: int = 1) -> Iterator[End]:
    """No file of central's may grow beyond what it needs to start, plus so many pages."""
    for pages in range(0, 40, 4)[::every]:
        file, visit = town.new_file(f"central-full-{pages}"), new_visit_number()
        terminal = town.terminal(file)
        town.kill()
        town.start(fsize=town.size + pages * 4096)
        promised = put(terminal, visit)
        carry(terminal, 2.0)
        terminal.close()
        town.kill()
        town.start()
        yield town.judge(f"central's disk full after {pages} pages", file, visit, promised)


def file_corrupted(town: Town, every: int = 1) -> Iterator[End]:
    """Each page of the outbox, with a waiting request in it, spoilt at begin, middle and end."""
    spoilt = 0
    while True:
        file, visit = town.new_file(f"spoilt-{spoilt}"), new_visit_number()
        database = Database(file)
        terminal = town.terminal(file)
        promised = put(terminal, visit)
        terminal.close()
        database.scrub()
        database.close()
        places = [p * 4096 + o for p in range(file.stat().st_size // 4096) for o in (40, 2048, 4000)]
        if spoilt >= len(places):
            return
        raw = bytearray(file.read_bytes())
        at = places[spoilt]
        raw[at : at + 48] = bytes(byte ^ 0x5A for byte in raw[at : at + 48])
        file.write_bytes(raw)
        yield town.judge(f"outbox spoilt at {at}", file, visit, promised)
        spoilt += every


def clock_jumps(town: Town, every: int = 1) -> Iterator[End]:
    """The wall clock is set back and forth between all steps; in the end it is right again."""
    for seed in range(0, 24, every):
        chosen = random.Random(seed)
        file, visit = town.new_file(f"clock-{seed}"), new_visit_number()
        terminal = town.terminal(file)
        off = [0.0]

        def now(off: list[float] = off) -> float:
            return time.time() + off[0]

        for one in (terminal.courier, terminal.gateway, terminal.intake):
            one._clock_unix = now  # type: ignore[attr-defined]
        promised = put(terminal, visit)
        for _ in range(6):
            off[0] = chosen.choice([-400 * _DAY_S, -_DAY_S, -90.0, 0.0, 90.0, _DAY_S, 400 * _DAY_S])
            terminal.courier._quiet_until = 0.0
            carry(terminal, 0.3)
        off[0] = 0.0
        terminal.courier._quiet_until = 0.0
        carry(terminal, 2.0)
        terminal.close()
        yield town.judge(f"clock set {seed}", file, visit, promised)


ALL = {
    "terminal killed": terminal_killed,
    "central killed": central_killed,
    "line cut": line_cut,
    "terminal's disk full": terminal_disk_full,
    "central's disk full": central_disk_full,
    "outbox spoilt": file_corrupted,
    "clock set": clock_jumps,
}
