"""From the start of the process to IDLE, the first screen that a customer can touch."""

import json
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from benchmarks import machine
from benchmarks.bare.process import Bare
from benchmarks.bench import START_S, Bench, load
from benchmarks.figures import Goal, Result, Series, series
from demo.pipe_messages import TerminalMessage
from kiosk.events import OutOfService
from kiosk.model import Device

GOAL_S = 5.0


class _Start(Struct, frozen=True):
    """One start, in seconds since the process was started, and its CPU seconds until IDLE."""

    imported: float  # the first notice: everything is imported and joined
    models: float
    idle: float
    cpu: float


def run(bench: Bench) -> list[Result]:
    """The terminal in simulation mode, offscreen, against a real central."""
    _ = bench.environment  # is opened before anything is measured
    before = load()
    with machine.compiled_into(bench.work / "bytecode"):
        cold = _start(bench)  # compiles what is not compiled yet, and fetches the first challenges
        return [_result(bench, cold, before)]


def _result(bench: Bench, cold: _Start, before: float) -> Result:
    ours, windows, imports = [], [], []
    for _ in range(bench.times(6, 1)):
        ours.append(_start(bench))
        windows.append(_bare("benchmarks.bare.window"))
        imports.append(_bare("benchmarks.bare.imports"))
    return Result(
        name="start",
        title="Start of the process to IDLE",
        ours=series("terminal", "s", [s.idle for s in ours]),
        baselines=(
            series("bare PySide6 window", "s", [w[0] for w in windows]),
            series("import cv2, onnxruntime", "s", [i[0] for i in imports]),
        ),
        parts=(*_phases(cold, ours), *_costs(ours, windows, imports), *_anatomy(bench, bench.times(3, 1))),
        goal=Goal(GOAL_S),
        remark="CPU times are what one core with nothing else to do would need.",
        load=before,
    )


def _start(bench: Bench) -> _Start:
    """One start, measured from outside; the terminal is closed again."""
    terminal = bench.terminal()
    first: list[float] = []
    models: list[float] = []

    def watch(said: TerminalMessage) -> float | None:
        notice = said.notice
        if not isinstance(notice, OutOfService):
            return None
        first.append(said.at)
        missing = {m.device for m in notice.missing}
        if Device.MODELS not in missing:
            models.append(said.at)
        return None if missing else said.at

    try:
        idle = terminal.wait(watch, START_S)
        if idle is None:
            raise RuntimeError("the terminal did not come into service")
        cpu, began = machine.cpu_s(terminal.pid), terminal.started
        return _Start(first[0] - began, models[0] - began, idle - began, cpu)
    finally:
        terminal.quit()


def _bare(module: str) -> tuple[float, float]:
    """Seconds until it is ready, CPU seconds until then."""
    with Bare(module) as bare:
        return bare.start_s, machine.cpu_s(bare.pid)


def _phases(cold: _Start, ours: list[_Start]) -> Iterable[Series]:
    """What lies behind one another on the way to IDLE."""
    yield series("first start ever: compiles, fetches challenges", "s", [cold.idle])
    yield series("imports, settings, devices joined", "s", [s.imported for s in ours])
    yield series("… then until the models work", "s", [s.models - s.imported for s in ours])
    yield series("… then identity, outbox, central", "s", [s.idle - s.models for s in ours])


def _costs(
    ours: list[_Start], windows: list[tuple[float, float]], imports: list[tuple[float, float]]
) -> Iterable[Series]:
    yield series("terminal until IDLE, CPU", "s", [s.cpu for s in ours])
    yield series("bare PySide6 window, CPU", "s", [w[1] for w in windows])
    yield series("import cv2, onnxruntime, CPU", "s", [i[1] for i in imports])


def _anatomy(bench: Bench, count: int) -> list[Series]:
    """CPU time of each step, in a process that takes them one by one."""
    parts: dict[str, list[float]] = defaultdict(list)
    for _ in range(count):
        with Bare("benchmarks.bare.anatomy", str(bench.environment.settings)) as slow:
            for name, milliseconds in json.loads(slow.said).items():
                parts[name].append(milliseconds)
    return [series(f"step, CPU: {name}", "ms", values) for name, values in parts.items()]
