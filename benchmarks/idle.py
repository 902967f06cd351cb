"""What the terminal costs while nobody is there: CPU and memory."""

import time

from benchmarks import machine
from benchmarks.bare.process import Bare
from benchmarks.bench import Bench, load
from benchmarks.figures import Goal, Result, series

GOAL_PERCENT = 3.0
GOAL_MB = 350.0
SETTLE_S = 12.0
"""The readiness thread has given freed memory back by then (`kiosk.heap`)."""


def run(bench: Bench) -> list[Result]:
    """Camera and microphone are closed; the reader and the line are looked at as always."""
    before = load()
    terminal = bench.terminal()
    try:
        terminal.until_idle()
        ours = _busy(terminal.pid, bench)
        resident = machine.rss_mb(terminal.pid)
    finally:
        terminal.quit()
    with Bare("benchmarks.bare.window") as bare:
        baseline = _busy(bare.pid, bench)
        bare_resident = machine.rss_mb(bare.pid)
    cpu = Result(
        name="idle",
        title="CPU while idle, camera closed",
        ours=series("terminal", "% of a core", ours),
        baselines=(series("bare PySide6 window", "% of a core", baseline),),
        goal=Goal(GOAL_PERCENT),
        load=before,
    )
    memory = Result(
        name="idle",
        title="Memory while idle (RSS)",
        ours=series("terminal", "MB", [resident]),
        baselines=(series("bare PySide6 window", "MB", [bare_resident]),),
        goal=Goal(GOAL_MB),
        remark="In simulation the process also holds the simulated shop.",
        load=before,
    )
    return [cpu, memory]


def _busy(pid: int, bench: Bench) -> list[float]:
    """Percent of one core, in windows of five seconds (one in a quick run)."""
    window_s = 1.0 if bench.quick else 5.0
    time.sleep(0.2 if bench.quick else SETTLE_S)
    return [_window(pid, window_s) for _ in range(bench.times(4, 1))]


def _window(pid: int, seconds: float) -> float:
    cpu, began = machine.cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (machine.cpu_s(pid) - cpu) / (time.monotonic() - began)
