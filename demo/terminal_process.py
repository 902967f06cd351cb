"""The terminal's process in the demo: the real application, with simulated customers sent by a director.

    python -m demo.terminal_process --settings FILE [--screens DIR]

Commands come on standard input, notices go to standard output, one JSON line each (`demo.pipe_messages`).

Simulated customers react to a digit or an arrow when the window reports that it was painted, as people do,
and not when it was ordered. On a busy machine the two are far apart, and a customer who reacts to the order
would be judged too early.
"""

import argparse
import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from demo import clerk
from demo.pipe_messages import (
    ANSWERED,
    Command,
    CustomerArrives,
    ReportedNotice,
    StaffVisit,
    StaffVisitEnded,
    TerminalMessage,
    WindowShown,
)
from kiosk import events as e
from kiosk import settings as settings_file
from kiosk.bootstrap import Terminal
from kiosk.errors import KioskError, StaffError
from kiosk.simulators.customer import TouchDriver
from kiosk.simulators.customer_runner import CustomerRunner
from kiosk.simulators.shop import SimulatedShop
from kiosk.simulators.staff import SimulatedStaff, StaffBehaviour
from kiosk.windowed import run_window
from kiosk.worker import Worker

ROSTER_S = 120.0
"""By then a terminal that has just been enrolled has certainly received its staff roster."""


class WatchingCustomers(CustomerRunner):
    """Customers who see a digit or an arrow only once it was painted."""

    _unpainted: e.ShowDigit | e.ShowHeadMove | None = None

    def painted(self, event: e.Event) -> None:
        """Show the customer what the window has just painted."""
        if isinstance(event, e.DigitShown | e.HeadMoveShown):
            notice, self._unpainted = self._unpainted, None
            if notice is not None:
                super()._see(notice)

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.ShowDigit) or (
            isinstance(notice, e.ShowHeadMove) and notice.move is not None
        ):
            self._unpainted = notice
            return
        super()._see(notice)


class PatientTouch:
    """Fingers of a customer who does not dismiss the last screen before central has answered."""

    def __init__(self, touch: TouchDriver) -> None:
        self._touch = touch
        self.waits_for_central = False
        self._answered = True

    def see(self, notice: e.Notice) -> None:
        """Note whether the screen shows a final answer."""
        if isinstance(notice, e.Print):
            self._answered = notice.slip.outcome in ANSWERED

    def press(self, name: str) -> bool:
        if name == "dismiss" and self.waits_for_central and not self._answered:
            return False
        return self._touch.press(name)

    def type(self, text: str) -> None:
        self._touch.type(text)


def main() -> int:
    """Run until the director says quit, or its end of the pipe is closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--screens", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s %(message)s")
    settings = settings_file.load(options.settings)
    shop = SimulatedShop(settings.path(settings.models.folder))
    terminal = Terminal(settings, shop)
    customers = WatchingCustomers(shop)
    customers.join(terminal.engine)
    _watch_painted(terminal, customers)
    terminal.engine.subscribe(_report)

    def on_ready(touch: Any) -> None:
        _report(WindowShown())
        Worker("director", lambda _: _obey(customers, terminal, touch)).start()

    return run_window(terminal, options.screens, on_ready)


def _watch_painted(terminal: Terminal, customers: WatchingCustomers) -> None:
    post = terminal.engine.post

    def watched(event: e.Event) -> None:
        post(event)
        customers.painted(event)

    terminal.engine.post = watched  # type: ignore[method-assign]


def _report(notice: e.Notice | StaffVisitEnded | WindowShown) -> None:
    if isinstance(notice, ReportedNotice):
        line = msgspec.json.encode(TerminalMessage(time.monotonic(), notice)) + b"\n"
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def _obey(customers: CustomerRunner, terminal: Terminal, touch: Any) -> None:
    from kiosk.ui import app

    counter = SimulatedStaff(touch)
    patient = PatientTouch(touch)
    terminal.engine.subscribe(counter.see)
    terminal.engine.subscribe(patient.see)
    working = Worker("counter", counter.run).start()
    decoder = msgspec.json.Decoder(Command)
    for line in sys.stdin.buffer:
        command = decoder.decode(line)
        if isinstance(command, CustomerArrives):
            counter.staff = command.staff
            patient.waits_for_central = command.waits_for_central
            _sign_in(terminal, command.staff)
            customers.enter(command.behaviour, patient)
        elif isinstance(command, StaffVisit):
            _report(clerk.visit(touch, command))
        else:
            break
    working.stop()
    customers.leave()
    app.quit()


def _sign_in(terminal: Terminal, staff: StaffBehaviour | None) -> None:
    """Sign in whoever works during this scenario, or sign out. The roster may not have arrived yet."""
    if staff is None:
        terminal.roster.sign_out()
        return
    until = time.monotonic() + ROSTER_S
    while True:
        try:
            terminal.roster.sign_in(staff.clerk, staff.pin)
        except StaffError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    threading.current_thread().name = "main"
    try:
        sys.exit(main())
    except KioskError as error:
        print(f"kiosk: {error}", file=sys.stderr)
        sys.exit(2)
