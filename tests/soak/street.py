"""The street: one shop, its line, central in a process of its own, one customer after the other, and fate."""

import logging
import os
import random
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter as Counts
from collections.abc import Callable
from pathlib import Path

from argon2 import PasswordHasher
from msgspec import Struct

import central.fleet.clerks
from kiosk import events as e
from kiosk.activation import identity
from kiosk.errors import KioskError
from kiosk.model import Outcome, Role, Stage
from kiosk.settings import load
from kiosk.simulators.network_proxy import NetworkProxy
from tests.soak import faults
from tests.soak.clock import Agenda, Clock, Owner
from tests.soak.customer import Customer
from tests.soak.devices import Counter
from tests.soak.ledger import PROMISES, Ledger
from tests.soak.script import drawn
from tests.soak.shop import SoakTerminal
from tests.support.central_server import RunningCentral

ROOT = Path(__file__).parents[2]
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
"""So many people who have a credential are remembered, to come again."""


class Staff(Struct, frozen=True):
    number: str
    pin: str


class Bugs(logging.Handler):
    """Counts what the program itself calls an error, and keeps the first of each kind."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.counts: Counts[str] = Counts()
        self.first: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        name = record.msg if record.exc_info else record.name
        self.counts[name] += 1
        if record.exc_info and name not in self.first:
            self.first[name] = logging.Formatter().formatException(record.exc_info)


class Office:
    """Central's process; `pid` is that of the server."""

    def __init__(self, folder: Path, clock_file: Path) -> None:
        self.made = RunningCentral(folder, True, CENTRAL, "")
        self._log = self.made.log.open("ab")
        command = [sys.executable, "-m", "tests.soak.office", str(self.made.data), str(self.made.port)]
        self._process = subprocess.Popen(
            [*command, str(clock_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
        )
        self._trust = ssl.create_default_context(cafile=str(self.made.ca))
        self.pid = 0

    def start(self) -> None:
        self.pid = int(self._say("start"))
        until = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < until, self.made.log.read_text()[-3000:]
            time.sleep(0.02)

    def kill(self) -> None:
        self._say("kill")

    def close(self) -> None:
        self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._log.close()

    def _say(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def _answers(self) -> bool:
        handlers = urllib.request.HTTPSHandler(context=self._trust), urllib.request.ProxyHandler({})
        try:
            with urllib.request.build_opener(*handlers).open(self.made.url + "/v1/health", timeout=5):
                return True
        except OSError:
            return False


class Street:
    def __init__(self, folder: Path, seed: int, fault_every: float) -> None:
        """`fault_every`: so many visits between two strokes of fate, on average; 0: none ever."""
        self.folder = folder
        self.dice = random.Random(seed)
        self.seed = seed
        self.clock = Clock(folder / "clock", time.time())
        self.agenda = Agenda(self.clock)
        self.counter = Counter(self.clock)
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.bugs = Bugs()
        logging.getLogger().addHandler(self.bugs)
        self.office = Office(folder, folder / "clock")
        self.office.start()
        self.line = NetworkProxy("127.0.0.1", self.office.made.port)
        self.staff = self._enrol()
        self.customer: Customer | None = None
        self.signing = False
        self.disk_low = False
        self.fate = Owner()
        self.faults: Counts[str] = Counts()
        """Now."""
        self.struck: Counts[str] = Counts()
        """In all."""
        self.done = self._visits_of_day = self.turned_away = self.nights = 0
        self._around: set[str] = set()
        self._known: list[int] = []
        self._fault_every = fault_every
        self._invited = False
        self._in_service = False
        self.impostors = faults.Impostors(folder)
        self.on_notice: Callable[[e.Notice], None] = lambda _: None
        self.shop: SoakTerminal
        self.open_shop()
        self._threaten()

    def _enrol(self) -> dict[Role, Staff]:
        made = self.office.made
        url = f"https://127.0.0.1:{self.line.port}"
        text = SETTINGS.format(name=NAME, port=self.line.port, ca=made.ca)
        (self.folder / "settings.toml").write_text(text, encoding="utf-8")
        identity.enrol(url, made.ca, NAME, made.enrol_code(NAME), self.folder / "identity")
        central.fleet.clerks.HASHER = PasswordHasher(
            time_cost=1, memory_cost=8, parallelism=1
        )  # not tried here
        staff = {}
        for role, more in ((Role.CLERK, []), (Role.SUPERVISOR, ["--supervisor"])):
            words = made.command("clerk", "add", NAME, *more).split()
            number, pin = (word for word in words if word.isdigit())
            staff[role] = Staff(number, pin)
        return staff

    # ── the shop ─────────────────────────────────────────────────────────────────────────────────

    def open_shop(self) -> None:
        self._in_service = self._invited = False
        self.shop = SoakTerminal(load(self.folder / "settings.toml"), self)
        self.shop.engine.subscribe(self.ledger.told)
        self.shop.engine.subscribe(self._see)
        self.shop.open()
        self.agenda.after(40.0, self.shop, self._clerk_comes)

    def close_shop(self) -> None:
        self.shop.close()
        self._drop_customer()
        self.counter.lift()

    def _clerk_comes(self) -> None:
        """In most shops a clerk signs in every morning, and after each restart."""
        if self.dice.random() < 0.15:
            return
        who = self.staff[Role.CLERK]
        try:
            self.shop.roster.sign_in(who.number, who.pin)
        except KioskError:
            self.agenda.after(300.0, self.shop, self._clerk_comes)

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
            self.ledger.note("submits", self.customer.visit)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def run(
        self,
        visits: int,
        sample: Callable[[], None] = lambda: None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Until so many visits began, or there were enough; `sample` after each."""
        before = self.done
        while self.done < visits and not enough():
            self.step()
            if self.done != before:
                before = self.done
                sample()
        while self.customer is not None:
            self.step()

    def step(self) -> None:
        """The next thing that is due, and all that comes of it at once."""
        due, deadline = self.agenda.next, self.shop.engine.deadline
        if deadline is not None and (due is None or deadline <= due):
            self.clock.advance(deadline)
        else:
            self.agenda.do_next()
        self.shop.turn()
        self._around.update(self.faults)
        self._after_step()

    def _after_step(self) -> None:
        if self.customer is not None and self.customer.over:
            self._drop_customer()
        if self.customer is None and not self._invited and not self.shop.gone:
            self._invited = True
            if self._visits_of_day >= DAY_VISITS:
                self.agenda.after(60.0, self.shop, self._evening)
            else:
                self.agenda.after(self.dice.uniform(*BETWEEN_S), self.shop, self._enter)

    def _enter(self) -> None:
        self._invited = False
        if not self._in_service:
            self.turned_away += 1
            self._invited = True
            self.agenda.after(30.0, self.shop, self._enter)
            return
        self.done += 1
        self._visits_of_day += 1
        script = drawn(self.seed * 1_000_003 + self.done, self.done, self._known)
        self.customer = Customer(script, self.shop, self)
        self._around = set(self.faults)
        self.ledger.note(
            "began", self.customer.visit, way=script.way.value, purpose=script.purpose.value, odd=script.kind
        )
        self.customer.begin()
        self.shop.engine.process_pending()
        if not self.shop.engine.serving:  # went out of service with this very event
            self.customer.over = True

    def _drop_customer(self) -> None:
        if self.customer is not None:
            self.customer.gone = self.customer.over = True
            self.customer._page.gone = True
            self.ledger.note("around", self.customer.visit, faults=sorted(self._around))
            file = self.folder / "storage" / "visits" / f"{self.customer.visit}.jsonl"
            if file.exists():  # so that it is erased when it is old in made time
                os.utime(file, (self.clock.unix(), self.clock.unix()))
        self.customer = None

    def _evening(self) -> None:
        """The power is cut every evening."""
        self.nights += 1
        self._visits_of_day = 0
        self.close_shop()
        self.clock.advance(self.clock.monotonic() + NIGHT_S)
        self.open_shop()

    # ── fate ─────────────────────────────────────────────────────────────────────────────────────

    def _threaten(self) -> None:
        if self._fault_every:
            seconds = self.dice.expovariate(1 / (self._fault_every * 100.0))
            self.agenda.after(seconds, self.fate, self._strike)

    def _strike(self) -> None:
        fault = faults.draw(self.dice)
        self._threaten()
        if self.faults[fault.name]:
            return
        self.struck[fault.name] += 1
        self.faults[fault.name] += 1
        fault.begin(self)
        seconds = self.dice.uniform(*fault.lasts_s)
        self.agenda.after(seconds, self.fate, lambda: self._relent(fault))

    def _relent(self, fault) -> None:
        self.faults -= Counts([fault.name])
        fault.end(self)

    def peace(self) -> None:
        """Whatever still goes wrong ends, and nothing more comes."""
        self.fate.gone = True
        self._fault_every = 0
        for name in list(self.faults):
            self._relent(faults.ALL[name])

    def settle(self, hours: float = 72.0) -> int:
        """No more customers; until nothing is open. How many requests still are."""
        self._invited = True
        until = self.clock.monotonic() + hours * 3600
        while self.clock.monotonic() < until:
            self.step()
            desk = self.shop.activation
            counts = desk.counts() if desk._components else None
            if counts is not None and counts.waiting + counts.pending == 0:
                return 0
        return counts.waiting + counts.pending if counts else -1

    def close(self) -> None:
        self.clock_days = self.clock.monotonic() / 86_400
        self.close_shop()
        self.line.close()
        self.impostors.close()
        self.office.close()
        self.ledger.close()
        self.clock.close()

    # ── a terminal that is killed ────────────────────────────────────────────────────────────────

    def live_and_die(self) -> None:
        """One visit or two in a process forked from this one, SIGKILL somewhere in them, and on again."""
        how = self.dice.choice(("on the screen's promise", "at a step", "by the clock"))
        steps, wall_s = self.dice.randrange(1, 400), self.dice.uniform(0.01, 0.25)
        self.close_shop()
        self.done += 1
        pid = os.fork()
        if pid == 0:
            try:
                self._doomed(how, steps)
            finally:
                os._exit(9)
        if how == "by the clock":
            time.sleep(wall_s)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), f"a doomed terminal left with {status}"
        self.struck[f"killed {how}"] += 1
        self.open_shop()

    def _doomed(self, how: str, steps: int) -> None:
        self.fate.gone = True
        self.done += 1_000_000 * (1 + self.struck["terminal killed"])  # other people than the parent's

        def die(notice: e.Notice) -> None:
            if isinstance(notice, e.Print) and notice.slip.outcome.value in PROMISES:
                os.kill(os.getpid(), signal.SIGKILL)

        if how == "on the screen's promise":
            self.on_notice = die
            steps = 20_000
        elif how == "by the clock":
            steps = 1_000_000
        self.open_shop()
        for _ in range(steps):
            self.step()
        os.kill(os.getpid(), signal.SIGKILL)
