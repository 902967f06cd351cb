"""Simulation of a shop in simulated time: a terminal, its line, central, customers one by one, and faults."""

import logging
import os
import random
import signal
import time
from collections import Counter as Counts
from collections.abc import Callable, Collection
from pathlib import Path

from msgspec import Struct

from central.fleet import clerk_keys
from kiosk import events as e
from kiosk.activation import identity
from kiosk.errors import KioskError
from kiosk.model import Outcome, Role, Stage
from kiosk.settings import load
from kiosk.simulators.card_reader import READER
from kiosk.simulators.network_proxy import NetworkProxy
from tests.soak import faults
from tests.soak.clock import Agenda, Owner, SimulatedClock
from tests.soak.customer import Customer
from tests.soak.devices import DeviceStates
from tests.soak.outcome_log import PROMISES, OutcomeLog
from tests.soak.script import drawn
from tests.soak.terminal import SoakTerminal
from tests.support.controlled_central import ControlledCentral

NAME = "SOAK-0001"
CENTRAL = """
prune_s = 5
[requests]
strangers_burst = 100000
per_s = 100000
burst = 100000
"""
SETTINGS = """
mode = "simulation"
[terminal]
id = "{name}"
place = "测试点"
identity = "identity"
[storage]
folder = "storage"
min_free_mb = 1
[camera]
driver = "simulated"
[microphone]
driver = "simulated"
[speaker]
driver = "simulated"
[card_reader]
driver = "simulated"
[portrait_decoder]
driver = "simulated"
[central]
url = "https://127.0.0.1:{port}"
ca = "{ca}"
connect_s = 1
answer_s = 1
contact_s = 600
probe_s = 30
"""
BETWEEN_S = (5.0, 60.0)
DAY_VISITS = 150
NIGHT_S = 10 * 3600.0
KNOWN = 300
"""Number of people with a credential who are remembered and may come again."""


class StaffAccount(Struct, frozen=True):
    number: str
    pin: str


class ErrorCounter(logging.Handler):
    """Counts what the program logs as an error, and keeps the first traceback of each kind."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.counts: Counts[str] = Counts()
        self.first: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        name = record.msg if record.exc_info else record.name
        self.counts[name] += 1
        if record.exc_info and name not in self.first:
            self.first[name] = logging.Formatter().formatException(record.exc_info)


class ShopSimulation:
    def __init__(self, folder: Path, seed: int, fault_every: float, only: Collection[str] = ()) -> None:
        """`fault_every`: mean number of visits between two faults; 0: none; `only`: which ones."""
        self.folder = folder
        self.rng = random.Random(seed)
        self.seed = seed
        self.clock = SimulatedClock(folder / "clock", time.time())
        self.agenda = Agenda(self.clock)
        self.device_states = DeviceStates(self.clock)
        self.outcome_log = OutcomeLog(folder / "outcome_log.jsonl")
        self.errors = ErrorCounter()
        logging.getLogger().addHandler(self.errors)
        self.central = ControlledCentral(folder, "tests.soak.central_process", CENTRAL, str(folder / "clock"))
        self.start_central()
        self.line = NetworkProxy("127.0.0.1", self.central.made.port)
        self.staff = self._enrol()
        self.customer: Customer | None = None
        self.signing = False
        self.disk_low = False
        self.fault_owner = Owner()
        self.faults: Counts[str] = Counts()
        """Faults that last at the moment."""
        self.fault_counts: Counts[str] = Counts()
        """Faults since the start."""
        self.done = self._visits_of_day = self.customers_turned_away = self.nights = 0
        self._around: set[str] = set()
        self._known: list[int] = []
        self._fault_every, self._only = fault_every, only
        self._invited = False
        self._in_service = False
        self.impostors = faults.Impostors(folder)
        self.on_notice: Callable[[e.Notice], None] = lambda _: None
        self.terminal: SoakTerminal
        self.open_terminal()
        self._schedule_fault()

    def start_central(self) -> None:
        """Start the server anew."""
        self.central_pid = int(self.central.start())

    def _enrol(self) -> dict[Role, StaffAccount]:
        made = self.central.made
        url = f"https://127.0.0.1:{self.line.port}"
        text = SETTINGS.format(name=NAME, port=self.line.port, ca=made.ca)
        (self.folder / "settings.toml").write_text(text, encoding="utf-8")
        identity.enrol(url, made.ca, NAME, made.enrol_code(NAME), self.folder / "identity", reader=READER)
        clerk_keys.COST = clerk_keys.Argon2Cost(memory_kib=8, passes=1, lanes=1)  # not tried here
        staff = {}
        for role, more in ((Role.CLERK, []), (Role.SUPERVISOR, ["--supervisor"])):
            words = made.command("clerk", "add", NAME, *more).split()
            number, pin = (word for word in words if word.isdigit())
            staff[role] = StaffAccount(number, pin)
        return staff

    # ── the shop ─────────────────────────────────────────────────────────────────────────────────

    def open_terminal(self) -> None:
        self._in_service = self._invited = False
        self.terminal = SoakTerminal(load(self.folder / "settings.toml"), self)
        self.terminal.engine.subscribe(self.outcome_log.record)
        self.terminal.engine.subscribe(self._see)
        self.terminal.open()
        self.agenda.after(40.0, self.terminal, self._clerk_comes)

    def close_terminal(self) -> None:
        self.terminal.close()
        self._drop_customer()
        self.device_states.lift()

    def _clerk_comes(self) -> None:
        """In most shops a clerk signs in every morning, and after each restart."""
        if self.rng.random() < 0.15:
            return
        who = self.staff[Role.CLERK]
        try:
            self.terminal.roster.sign_in(who.number, who.pin)
        except KioskError:
            self.agenda.after(300.0, self.terminal, self._clerk_comes)

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.OutOfService):
            self._in_service = not notice.missing
        if self.customer is not None:
            self.customer.see(notice)
            self._note(notice)
        self.on_notice(notice)

    def _note(self, notice: e.Notice) -> None:
        assert self.customer is not None
        if isinstance(notice, e.Print) and notice.slip.outcome is Outcome.ACTIVATED:
            self._known = [*self._known[-KNOWN:], self.customer.script.person]
        if isinstance(notice, e.Show) and notice.stage is Stage.SUBMIT:
            self.outcome_log.note("submits", self.customer.visit)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def run(
        self,
        visits: int,
        sample: Callable[[], None] = lambda: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run until `visits` visits began or `enough` says so; call `sample` after each."""
        before = self.done
        while self.done < visits and not enough():
            self.step()
            if self.done != before:
                before = self.done
                sample()
        while self.customer is not None:
            self.step()

    def step(self) -> None:
        """Do the next action that is due, and everything that follows from it at once."""
        due, deadline = self.agenda.next, self.terminal.engine.deadline
        if deadline is not None and (due is None or deadline <= due):
            self.clock.advance(deadline)
        else:
            self.agenda.do_next()
        self.terminal.turn()
        self._around.update(self.faults)
        self._after_step()

    def _after_step(self) -> None:
        if self.customer is not None and self.customer.over:
            self._drop_customer()
        if self.customer is None and not self._invited and not self.terminal.gone:
            self._invited = True
            if self._visits_of_day >= DAY_VISITS:
                self.agenda.after(60.0, self.terminal, self._evening)
            else:
                self.agenda.after(self.rng.uniform(*BETWEEN_S), self.terminal, self._enter)

    def _enter(self) -> None:
        self._invited = False
        if not self._in_service:
            self.customers_turned_away += 1
            self._invited = True
            self.agenda.after(30.0, self.terminal, self._enter)
            return
        self.done += 1
        self._visits_of_day += 1
        script = drawn(self.seed * 1_000_003 + self.done, self.done, self._known)
        self.customer = Customer(script, self.terminal, self)
        self._around = set(self.faults)
        self.outcome_log.note(
            "began", self.customer.visit, way=script.way.value, purpose=script.purpose.value, odd=script.kind
        )
        self.customer.begin()
        self.terminal.engine.process_pending()
        if not self.terminal.engine.serving:  # went out of service with this very event
            self.customer.over = True

    def _drop_customer(self) -> None:
        if self.customer is not None:
            self.customer.gone = self.customer.over = True
            self.customer._page.gone = True
            self.outcome_log.note("around", self.customer.visit, faults=sorted(self._around))
            file = self.folder / "storage" / "visits" / f"{self.customer.visit}.jsonl"
            if file.exists():  # so that it is erased when it is old in simulated time
                os.utime(file, (self.clock.unix(), self.clock.unix()))
        self.customer = None

    def _evening(self) -> None:
        """Cut the power, as every evening, and start again the next morning."""
        self.nights += 1
        self._visits_of_day = 0
        self.close_terminal()
        self.clock.advance(self.clock.monotonic() + NIGHT_S)
        self.open_terminal()

    # ── faults ───────────────────────────────────────────────────────────────────────────────────

    def _schedule_fault(self) -> None:
        if self._fault_every:
            seconds = self.rng.expovariate(1 / (self._fault_every * 100.0))
            self.agenda.after(seconds, self.fault_owner, self._start_fault)

    def _start_fault(self) -> None:
        fault = faults.draw(self.rng, self._only)
        self._schedule_fault()
        if self.faults[fault.name]:
            return
        self.fault_counts[fault.name] += 1
        self.faults[fault.name] += 1
        fault.begin(self)
        seconds = self.rng.uniform(*fault.lasts_s)
        self.agenda.after(seconds, self.fault_owner, lambda: self._end_fault(fault))

    def _end_fault(self, fault) -> None:
        self.faults -= Counts([fault.name])
        fault.end(self)

    def end_all_faults(self) -> None:
        """End the faults that last, and start no more."""
        self.fault_owner.gone = True
        self._fault_every = 0
        for name in list(self.faults):
            self._end_fault(faults.ALL[name])

    def settle(self, hours: float = 72.0) -> int:
        """Wait, without further customers, until no request is open; returns how many still are."""
        self._invited = True
        until = self.clock.monotonic() + hours * 3600
        while self.clock.monotonic() < until:
            self.step()
            desk = self.terminal.activation
            counts = desk.counts() if desk._components else None
            if counts is not None and counts.waiting + counts.pending == 0:
                return 0
        return counts.waiting + counts.pending if counts else -1

    def close(self) -> None:
        self.clock_days = self.clock.monotonic() / 86_400
        self.close_terminal()
        self.line.close()
        self.impostors.close()
        self.central.close()
        self.outcome_log.close()
        self.clock.close()

    # ── a terminal that is killed ────────────────────────────────────────────────────────────────

    def kill_terminal_somewhere(self) -> None:
        """Fork, serve a visit or two, kill the forked process with SIGKILL somewhere in them, and go on."""
        how = self.rng.choice(("on the screen's promise", "at a step", "by the clock"))
        steps, wall_s = self.rng.randrange(1, 400), self.rng.uniform(0.01, 0.25)
        self.close_terminal()
        self.done += 1
        pid = os.fork()
        if pid == 0:
            try:
                self._run_until_killed(how, steps)
            finally:
                os._exit(9)
        if how == "by the clock":
            time.sleep(wall_s)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), f"a doomed terminal left with {status}"
        self.fault_counts[f"killed {how}"] += 1
        self.open_terminal()

    def _run_until_killed(self, how: str, steps: int) -> None:
        self.fault_owner.gone = True
        self.done += 1_000_000 * (1 + self.fault_counts["terminal killed"])  # other people than the parent's

        def die(notice: e.Notice) -> None:
            if isinstance(notice, e.Print) and notice.slip.outcome.value in PROMISES:
                os.kill(os.getpid(), signal.SIGKILL)

        if how == "on the screen's promise":
            self.on_notice = die
            steps = 20_000
        elif how == "by the clock":
            steps = 1_000_000
        self.open_terminal()
        for _ in range(steps):
            self.step()
        os.kill(os.getpid(), signal.SIGKILL)
