"""The terminal's process as the director sees it: commands go in, notices come out."""

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

from demo.environment import Environment
from demo.pipe_messages import (
    Command,
    CustomerArrives,
    Quit,
    ReportedNotice,
    StaffVisit,
    TerminalMessage,
    WindowShown,
)
from demo.scenarios import Scenario
from kiosk.events import Show
from kiosk.model import Outcome, Stage
from kiosk.simulators.staff import StaffBehaviour
from kiosk.worker import Worker

QUIT_S = 30.0

T = TypeVar("T")
N = TypeVar("N", bound=ReportedNotice)


class RunningTerminal:
    """A terminal that was just started, in a process of its own."""

    def __init__(self, environment: Environment, screens: Path | None) -> None:
        """Start it; `screens` is the folder for pictures of its screens."""
        command = [sys.executable, "-m", "demo.terminal_process", "--settings", str(environment.settings)]
        if screens is not None:
            command += ["--screens", str(screens)]
        self.started = time.monotonic()
        with (environment.folder / "terminal.log").open("a") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        self._messages: queue.Queue[TerminalMessage | None] = queue.Queue()
        Worker("terminal-messages", lambda _: self._read()).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send_customer(self, scenario: Scenario, staff: StaffBehaviour | None = None) -> None:
        """Let the scenario's customer come in; `staff` is signed in meanwhile."""
        answered = scenario.expected is not Outcome.ACCEPTED
        self._send(CustomerArrives(behaviour=scenario.customer, staff=staff, waits_for_central=answered))

    def send_staff(self, number: str, pin: str) -> None:
        """Let a member of staff look at the panel."""
        self._send(StaffVisit(number, pin))

    def wait(self, wanted: Callable[[TerminalMessage], T | None], timeout_s: float) -> T | None:
        """Return the first result of `wanted` over the coming messages that is not None.

        Returns None after `timeout_s` seconds, or if the process ends.
        """
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            try:
                message = self._messages.get(timeout=left)
            except queue.Empty:
                return None
            if message is None:
                return None
            found = wanted(message)
            if found is not None:
                return found
        return None

    def wait_for(self, kind: type[N], timeout_s: float) -> N | None:
        """Return the next notice of this kind, or None after `timeout_s` seconds."""

        def found(message: TerminalMessage) -> N | None:
            return message.notice if isinstance(message.notice, kind) else None

        return self.wait(found, timeout_s)

    def wait_for_window(self, timeout_s: float) -> float | None:
        """Return when the window was shown (monotonic clock), or None after `timeout_s` seconds."""
        return self.wait(lambda m: m.at if isinstance(m.notice, WindowShown) else None, timeout_s)

    def wait_for_idle(self, timeout_s: float) -> float | None:
        """Return when IDLE was shown (monotonic clock), or None after `timeout_s` seconds."""
        return self.wait(lambda m: m.at if _shows_idle(m.notice) else None, timeout_s)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def quit(self) -> int:
        """Close the window and return the exit status."""
        with suppress(BrokenPipeError):
            self._send(Quit())
        try:
            return self._process.wait(QUIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return 1

    def _send(self, command: Command) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        decoder = msgspec.json.Decoder(TerminalMessage)
        for line in self._process.stdout:
            self._messages.put(decoder.decode(line))
        self._messages.put(None)


def _shows_idle(notice: ReportedNotice) -> bool:
    return isinstance(notice, Show) and notice.stage is Stage.IDLE
