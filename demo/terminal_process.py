"""The terminal's process in the demo: the real application, and simulated customers on a director's word.

    python -m demo.terminal_process --settings FILE [--screens DIR]

Commands come on standard input, notices go to standard output, one JSON line each (`demo.pipe_messages`).
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
from demo.pipe_messages import StaffVisit, StaffVisitEnded, Command, CustomerArrives, TerminalMessage, ReportedNotice
from kiosk import events as e
from kiosk import settings as settings_file
from kiosk.bootstrap import Terminal
from kiosk.errors import KioskError, StaffError
from kiosk.simulators.shop import SimulatedShop
from kiosk.simulators.staff import SimulatedStaff, StaffBehaviour
from kiosk.simulators.customer_runner import CustomerRunner
from kiosk.windowed import run_window
from kiosk.worker import Worker

ROSTER_S = 15.0
"""A terminal that has just been enrolled knows its staff by then."""


def main() -> int:
    """Until told to quit, or the pipe ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--screens", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s %(message)s")
    settings = settings_file.load(options.settings)
    shop = SimulatedShop(settings.path(settings.models.folder))
    terminal = Terminal(settings, shop)
    guests = CustomerRunner(shop)
    guests.join(terminal.engine)
    terminal.engine.subscribe(_tell)

    def on_ready(hand: Any) -> None:
        Worker("director", lambda _: _obey(guests, terminal, hand)).start()

    return run_window(terminal, options.screens, on_ready)


def _tell(notice: e.Notice | StaffVisitEnded) -> None:
    if isinstance(notice, ReportedNotice):
        sys.stdout.buffer.write(msgspec.json.encode(TerminalMessage(time.monotonic(), notice)) + b"\n")
        sys.stdout.buffer.flush()


def _obey(guests: CustomerRunner, terminal: Terminal, hand: Any) -> None:
    from kiosk.ui import app

    counter = SimulatedStaff(hand)
    terminal.engine.subscribe(counter.see)
    working = Worker("counter", counter.run).start()
    decoder = msgspec.json.Decoder(Command)
    for line in sys.stdin.buffer:
        command = decoder.decode(line)
        if isinstance(command, CustomerArrives):
            counter.staff = command.staff
            _sign_in(terminal, command.staff)
            guests.enter(command.behaviour, hand)
        elif isinstance(command, StaffVisit):
            _tell(clerk.visit(hand, command))
        else:
            break
    working.stop()
    guests.leave()
    app.quit()


def _sign_in(terminal: Terminal, staff: StaffBehaviour | None) -> None:
    """Whoever works there during this scenario; nobody: sign out. The roster may still be on its way."""
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
