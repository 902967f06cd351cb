"""Leads the demo: lets customers come, breaks the line, cuts the power, and compares what came of it."""

import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from demo.clerk import PAGES
from demo.environment import Environment
from demo.pipe_messages import StaffVisit, StaffVisitEnded, Command, CustomerArrives, Quit, TerminalMessage
from demo.scenarios import Scenario
from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Outcome, Purpose, Stage, Verdict
from kiosk.simulators.staff import StaffBehaviour
from kiosk.worker import Worker

VISIT_S = 90.0
"""No visit of the demo takes longer; one that does is told as a difference."""
START_S = 40.0
CLERK_AFTER = 5
"""So many customers have come before staff look at the panel; none of them lost the power before."""
DELIVERY_S = 30.0

T = TypeVar("T")


class Result(Struct, frozen=True):
    """What came of one scenario; a row of report.json."""

    scenario: str
    title: str
    expected: str
    outcome: str
    expected_code: str
    code: str
    expected_credentials: int
    credentials: int
    as_expected: bool
    seconds: float
    slip: str = ""
    verdicts: tuple[Verdict, ...] = ()
    note: str = ""


class Process:
    """The terminal's process, and what it says."""

    def __init__(self, environment: Environment, screens: Path | None) -> None:
        command = [sys.executable, "-m", "demo.terminal_process", "--settings", str(environment.settings)]
        if screens is not None:
            command += ["--screens", str(screens)]
        self._log = (environment.folder / "terminal.log").open("a")
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )
        self._said: queue.Queue[TerminalMessage | None] = queue.Queue()
        Worker("terminal-says", lambda _: self._listen()).start()

    def enter(self, scenario: Scenario, staff: StaffBehaviour | None = None) -> None:
        """Let the scenario's customer come in; `staff` works behind the counter."""
        self._command(CustomerArrives(scenario.customer, staff))

    def clerk(self, number: str, pin: str) -> None:
        """Let somebody of the staff come."""
        self._command(StaffVisit(number, pin))

    def wait(self, wanted: Callable[[TerminalMessage], T | None], timeout_s: float) -> T | None:
        """What `wanted` makes of the first notice it takes; None if none comes in time."""
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            try:
                said = self._said.get(timeout=left)
            except queue.Empty:
                return None
            if said is None:
                return None
            found = wanted(said)
            if found is not None:
                return found
        return None

    def kill(self) -> None:
        """As if the power went."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def quit(self) -> int:
        """Close the window; the exit status."""
        with suppress(BrokenPipeError):
            self._command(Quit())
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            return 1

    def _command(self, command: Command) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        decoder = msgspec.json.Decoder(TerminalMessage)
        for line in self._process.stdout:
            self._said.put(decoder.decode(line))
        self._said.put(None)


class Director:
    """Plays scenarios one after the other."""

    def __init__(self, environment: Environment, screens: Path, tell: Callable[[str], None] = print) -> None:
        self._town = environment
        self._screens = screens
        self._tell = tell
        self._process: Process | None = None
        self.start_s = 0.0
        self.pages: tuple[str, ...] = ()
        """Of staff's panel, that were seen."""

    def play(self, scenarios: tuple[Scenario, ...]) -> list[Result]:
        """All of them; a picture of each screen is kept, when it is first seen."""
        self._start(self._screens)
        results: list[Result] = []
        for scenario in scenarios:
            if len(results) == CLERK_AFTER:
                self.clerk()
            self._tell(f"\n▶ {scenario.title}")
            results.append(self._play(scenario))
            result = results[-1]
            mark = "✓" if result.as_expected else "✗"
            self._tell(f"  {mark} {result.outcome} {result.code} ({result.seconds:.1f} s) {result.note}")
        if len(results) <= CLERK_AFTER:
            self.clerk()
        self._terminal.quit()
        return results

    def clerk(self) -> None:
        """StaffBehaviour sign in and look at every page of the panel."""
        self._tell("\n▶ A supervisor signs in, looks at every page, and signs out")
        self._terminal.clerk(self._town.number, self._town.pin)
        went = self._terminal.wait(_went, VISIT_S)
        self.pages = went.pages if went else ()
        self._tell(f"  {'✓' if len(self.pages) == len(PAGES) else '✗'} {' '.join(self.pages)}")

    @property
    def _terminal(self) -> Process:
        assert self._process is not None
        return self._process

    def _start(self, screens: Path | None = None) -> None:
        self._process = Process(self._town, screens)
        idle = self._process.wait(_idle, START_S)
        if idle is None:
            raise RuntimeError(
                f"the terminal did not come into service; see {self._town.folder}/terminal.log"
            )
        self.start_s = idle - self._process.started
        self._tell(f"the terminal is in service after {self.start_s:.1f} s")

    def _restart(self) -> None:
        self._terminal.quit()
        self._start()

    def _play(self, scenario: Scenario) -> Result:
        self._town.set_register(scenario)
        self._town.set_line(scenario.line)
        began = time.monotonic()
        self._terminal.enter(scenario, self._town.staff(scenario))
        printed = self._terminal.wait(self._printed, VISIT_S)
        if printed is not None and scenario.customer.again is not Purpose.OPEN:
            printed = self._terminal.wait(self._printed, VISIT_S)  # begun on the last screen
        seconds = time.monotonic() - began
        if printed is None:
            self._restart()
            return _result(scenario, None, seconds, 0, (), "no outcome")
        note, verdicts = self._afterwards(scenario)
        credentials = self._delivered(scenario, printed.slip.id)
        return _result(scenario, printed, seconds, credentials, verdicts, note)

    def _afterwards(self, scenario: Scenario) -> tuple[str, tuple[Verdict, ...]]:
        """Power cut, or the end of the visit; then the line returns."""
        if scenario.kill:
            self._terminal.kill()
            self._tell("  power lost")
            self._town.set_line("up")
            self._start()
            return "after SIGKILL and restart", ()
        finished = self._terminal.wait(_finished, VISIT_S)
        self._terminal.wait(_idle, VISIT_S)
        self._town.set_line("up")
        return "", finished.verdicts if finished else ()

    def _delivered(self, scenario: Scenario, slip: str) -> int:
        """Credentials at central in the end; waits for those that are to come, then for one too many."""
        until = time.monotonic() + DELIVERY_S
        while self._town.credentials(slip) < scenario.credentials and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.2)
        return self._town.credentials(slip)

    def _printed(self, said: TerminalMessage) -> e.Print | None:
        notice = said.notice
        if isinstance(notice, e.Show):
            why = "" if notice.code is Code.OK else f"  ({notice.code})"
            self._tell(f"    {notice.stage}{why}")
        return notice if isinstance(notice, e.Print) else None


def _idle(said: TerminalMessage) -> float | None:
    notice = said.notice
    return said.at if isinstance(notice, e.Show) and notice.stage is Stage.IDLE else None


def _went(said: TerminalMessage) -> StaffVisitEnded | None:
    return said.notice if isinstance(said.notice, StaffVisitEnded) else None


def _finished(said: TerminalMessage) -> e.Finished | None:
    return said.notice if isinstance(said.notice, e.Finished) else None


def _result(
    scenario: Scenario,
    printed: e.Print | None,
    seconds: float,
    credentials: int,
    verdicts: tuple[Verdict, ...],
    note: str,
) -> Result:
    outcome: Outcome | str = printed.slip.outcome if printed else "none"
    code: Code | str = printed.slip.code if printed else ""
    met = (outcome, code, credentials) == (scenario.expected, scenario.code, scenario.credentials)
    return Result(
        scenario=scenario.name,
        title=scenario.title,
        expected=scenario.expected,
        outcome=outcome,
        expected_code=scenario.code,
        code=code,
        expected_credentials=scenario.credentials,
        credentials=credentials,
        as_expected=met,
        seconds=round(seconds, 2),
        slip=printed.slip.id if printed else "",
        verdicts=verdicts,
        note=note,
    )
