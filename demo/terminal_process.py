"""The terminal's process in the demo: the real application, with simulated customers sent by a director.

    python -m demo.terminal_process --settings FILE [--screens DIR]

Commands come on standard input, notices go to standard output, one JSON line each (`demo.pipe_messages`).

Simulated customers react to a digit or an arrow when the window reports that it was painted, as people do,
and not when it was ordered. On a busy machine the two are far apart, and a customer who reacts to the order
would be judged too early.
"""

import argparse
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import requests

from demo import clerk, instruments
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
from kiosk import logging_setup
from kiosk import settings as settings_file
from kiosk.bootstrap import Terminal
from kiosk.errors import KioskError, StaffError
from kiosk.ports import Engine
from kiosk.settings import Settings
from kiosk.simulators.customer import TouchDriver
from kiosk.simulators.customer_runner import CustomerRunner
from kiosk.simulators.shop import SimulatedShop
from kiosk.simulators.staff import SimulatedStaff, StaffBehaviour
from kiosk.windowed import run_window
from kiosk.worker import Worker

ROSTER_S = 120.0
"""By then a terminal that has just been enrolled has certainly received its staff roster."""
MESSAGE_S = 10.0
"""Limit for the simulator of messages to answer."""
TOUCH_S = 30.0
"""By then a button that is on the screen has reacted even on a very busy machine."""


class WatchingCustomers(CustomerRunner):
    """Customers who see a digit or an arrow only once it was painted."""

    _unpainted: e.ShowDigit | e.ShowHeadMove | None = None

    def join(self, engine: Engine) -> None:
        """Let customers see the screen of this engine's window, whose posts tell what it has painted."""
        super().join(engine)
        post = engine.post

        def watched(event: e.Event) -> None:
            post(event)
            if isinstance(event, e.DigitShown | e.HeadMoveShown):
                notice, self._unpainted = self._unpainted, None
                if notice is not None:
                    super(WatchingCustomers, self)._see(notice)

        engine.post = watched  # type: ignore[method-assign]

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.ShowDigit) or (
            isinstance(notice, e.ShowHeadMove) and notice.move is not None
        ):
            self._unpainted = notice
            return
        super()._see(notice)


class PatientTouch:
    """Touches of a customer who tries again while a button does not react, as people do.

    A busy machine may paint a page late, and the window takes no touch for the first 0.7 s. The last screen
    is not dismissed before central has answered, if the customer waits for that.
    """

    def __init__(self, touch: TouchDriver) -> None:
        self._touch = touch
        self.waits_for_central = False
        self._answered = True
        self._screens = 0

    def see(self, notice: e.Notice) -> None:
        """Note that another screen is shown, and whether it has a final answer."""
        if isinstance(notice, e.Show):
            self._screens += 1
        elif isinstance(notice, e.Print):
            self._answered = notice.slip.outcome in ANSWERED

    def press(self, name: str) -> bool:
        """Touch until the button reacts; False if another screen comes first."""
        if name == "dismiss" and self.waits_for_central and not self._answered:
            return False
        screen, until = self._screens, time.monotonic() + TOUCH_S
        while not self._touch.press(name):
            if self._screens != screen or time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def type(self, text: str) -> None:
        for digit in text:
            self.press(f"key_{digit}")


def main() -> int:
    """Run until the director says quit, or its end of the pipe is closed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--screens", type=Path)
    options = parser.parse_args()
    logging_setup.install()
    settings = settings_file.load(options.settings)
    shop = SimulatedShop(settings.path(settings.models.folder), instruments.make)
    terminal = Terminal(settings, shop)
    customers = WatchingCustomers(shop, newest_code=partial(_newest_code, settings))
    customers.join(terminal.engine)
    terminal.engine.subscribe(_report)

    def on_ready(touch: Any) -> None:
        _report(WindowShown())
        Worker("shop", lambda _: shop.prepare()).start()
        Worker("director", lambda _: _obey(customers, terminal, touch)).start()

    return run_window(terminal, options.screens, on_ready)


def _newest_code(settings: Settings, phone: str) -> str:
    """Look at a customer's phone: central's simulator keeps the messages that it would have sent."""
    url = f"{settings.central.url}/simulation/messages"
    ca = str(settings.path(settings.central.ca))
    answer = requests.get(url, params={"phone": phone}, verify=ca, timeout=MESSAGE_S)
    messages = answer.json() if answer.ok else []
    return str(messages[-1]["code"]) if messages else ""


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
    """Sign in the clerk of this scenario, or sign out. The roster may not have arrived yet."""
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
