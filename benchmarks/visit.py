"""How long the terminal itself takes in a genuine visit: what the person waits for."""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from benchmarks import machine
from benchmarks.bench import Bench, Terminal, load
from benchmarks.customers import Sender
from benchmarks.figures import Goal, Result, series
from demo import scenarios
from demo.environment import Environment
from demo.pipe_messages import TerminalMessage
from kiosk import events as e
from kiosk.model import DigitHeard, FaceSeen, IdCard, Outcome, Stage
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.settings import load as load_settings
from kiosk.simulators.card_reader import SimulatedCardReader
from kiosk.simulators.customer import CustomerBehaviour
from kiosk.simulators.people import Person
from kiosk.visit.replay import LoggedEvent, read

GOAL_S = 2.0
GOAL_MB = 500.0
VISIT_S = 120.0
FIRST_SEED = 700
FIRST_PERSON = 500_000
"""Nobody of the other benchmarks: central opens one credential a person."""
TRIES = 3
"""So many visits may be needed for each that goes straight through."""

T = TypeVar("T")


class Waits(Struct, frozen=True):
    """Seconds of one visit that are the machine's."""

    card: float  # the card lies → PHONE
    face: float  # the first good frame → DIGITS
    digits: float  # the last digit's voice ended → SUBMIT
    submit: float  # SUBMIT → OUTCOME

    @property
    def all(self) -> float:
        return self.card + self.face + self.digits + self.submit


def run(bench: Bench) -> list[Result]:
    """Genuine customers come to the real application, one after the other."""
    before = load()
    terminal = bench.terminal()
    try:
        terminal.until_idle()
        idle_mb = machine.rss_mb(terminal.pid)
        measured, again = _visits(bench, terminal)
        peak_mb = machine.peak_mb(terminal.pid)
    finally:
        terminal.quit()
    memory = Result(
        name="visit",
        title="Most memory during visits (RSS)",
        ours=series("terminal", "MB", [peak_mb]),
        baselines=(series("the same terminal before its first visit", "MB", [idle_mb]),),
        goal=Goal(GOAL_MB),
        remark="In simulation the process also holds the simulated shop and its people.",
        load=before,
    )
    return [_machine_time(bench, measured, again, before), memory]


def _machine_time(bench: Bench, measured: list[Waits], again: int, before: float) -> Result:
    count = bench.times(12, 2)
    trips, reads = _trips(bench, count), _reads(bench.times(5, 1))
    return Result(
        name="visit",
        title="Machine time of a genuine visit",
        ours=series("terminal", "s", [w.all for w in measured]),
        baselines=(
            series("one card read and one activation, bare", "s", [median(reads) + t for t in trips]),
        ),
        parts=(
            series("card lies → PHONE", "s", [w.card for w in measured]),
            series("first good frame → DIGITS", "s", [w.face for w in measured]),
            series("last voice ended → SUBMIT", "s", [w.digits for w in measured]),
            series("SUBMIT → OUTCOME", "s", [w.submit for w in measured]),
            series("bare: the simulated reader reads a card", "s", reads),
            series("bare: POST /v1/activations", "s", trips),
        ),
        goal=Goal(GOAL_S),
        remark=f"{again} more visits took a second try somewhere and are not counted.",
        load=before,
    )


def _visits(bench: Bench, terminal: Terminal) -> tuple[list[Waits], int]:
    """Those that went straight through, and how many did not. Raises RuntimeError if none did."""
    count, measured = bench.times(4, 1), list[Waits]()
    for i in range(TRIES * count):
        waited = _visit(bench.environment, terminal, FIRST_SEED + i)
        if waited is not None:
            measured.append(waited)
        if len(measured) == count:
            return measured, i + 1 - count
    if not measured:
        raise RuntimeError("no visit went straight through; the machine is too busy for the simulation")
    return measured, TRIES * count - len(measured)


def _visit(environment: Environment, terminal: Terminal, seed: int) -> Waits | None:
    """One customer from IDLE to IDLE; None if a screen came twice or it was not activated."""
    genuine = scenarios.load()[0]
    scenario = replace(genuine, customer=replace(genuine.customer, seed=seed))
    environment.set_register(scenario)
    shown: list[tuple[Stage, float]] = []
    terminal.send_customer(scenario)
    printed = _wait(terminal, lambda said: _note(said, shown))
    _wait(terminal, lambda said: True if _note(said, shown) is None and _idle_again(shown) else None)
    times = dict(shown)
    if len(times) < len(shown) or printed.slip.outcome is not Outcome.ACTIVATED:
        return None
    log = environment.folder / "terminal" / "measures" / f"{printed.slip.id}.jsonl"
    return waits(times, read(log.read_bytes().splitlines())[1], scenario.customer)


def _idle_again(shown: list[tuple[Stage, float]]) -> bool:
    return bool(shown) and shown[-1][0] is Stage.IDLE


def waits(shown: dict[Stage, float], log: list[LoggedEvent], customer: CustomerBehaviour) -> Waits:
    """From the times of the screens and the visit's own log. Raises StopIteration if the log lacks a step."""
    lies = shown[Stage.CARD] + 3 * customer.touch_s  # so long the simulated hand takes
    good = next(line.event.at for line in log if isinstance(line.event, FaceSeen) and line.event.good)
    ended = next(
        line.event.ended
        for line in reversed(log)
        if isinstance(line.event, DigitHeard) and line.event.ended is not None
    )
    return Waits(
        card=shown[Stage.PHONE] - lies,
        face=shown[Stage.DIGITS] - good,
        digits=shown[Stage.SUBMIT] - ended,
        submit=shown[Stage.OUTCOME] - shown[Stage.SUBMIT],
    )


def _note(said: TerminalMessage, shown: list[tuple[Stage, float]]) -> e.Print | None:
    """Remember which screen came when; the slip when it is printed."""
    if isinstance(said.notice, e.Show):
        shown.append((said.notice.stage, said.at))
    return said.notice if isinstance(said.notice, e.Print) else None


def _wait(terminal: Terminal, wanted: Callable[[TerminalMessage], T | None]) -> T:
    found = terminal.wait(wanted, VISIT_S)
    if found is None:
        raise RuntimeError("a visit did not come to its end")
    return found


def _trips(bench: Bench, count: int) -> list[float]:
    """Seconds of one activation over a line that is already open."""
    sender = Sender(load_settings(bench.environment.settings), bench.work / "trips.sqlite3")
    seconds = []
    try:
        for visit, body in sender.requests(count, FIRST_PERSON):
            began = time.monotonic()
            sender.gateway.activate(visit, body)
            seconds.append(time.monotonic() - began)
    finally:
        sender.close()
    return seconds


def _reads(count: int) -> list[float]:
    """Seconds of one card read, as long as the demo's reader is told to take."""
    context = Context(
        resources=RESOURCES, models=RESOURCES, simulation=True, clock=time.monotonic, world=_CardLies()
    )
    reader = SimulatedCardReader(SimulatedCardReader.Settings(), context)
    seconds = []
    for _ in range(count):
        began = time.monotonic()
        reader.read()
        seconds.append(time.monotonic() - began)
    return seconds


class _CardLies:
    """`World` for the reader: there is always a card."""

    def card(self) -> IdCard:
        return Person(FIRST_SEED, b"").card()
