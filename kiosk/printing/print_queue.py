"""Documents that wait for the printer, and the thread that prints them."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from kiosk.codes import Code
from kiosk.errors import DeviceError
from kiosk.events import DeviceFailed, DeviceReady, Event, Print
from kiosk.model import DayReport, Device, Outcome, Slip
from kiosk.ports import Printer

log = logging.getLogger(__name__)

STOP_CHECK_S = 0.2
"""How soon the thread notices that it is to stop."""


class PrintQueue:
    """Prints one document after the other; `run` is the work of the thread "printer".

    A printer that is gone or out of paper never stops a visit: the slip is on the screen. After each document
    DeviceReady or DeviceFailed is posted; it failed also where nobody knows whether it printed.
    """

    def __init__(self, printer: Printer, post: Callable[[Event], None]) -> None:
        self._printer = printer
        self._post = post
        self._documents: deque[tuple[Slip | DayReport, Callable[[Code], None]]] = deque()
        self._added = threading.Event()

    def print_slip(self, order: Print) -> None:
        """Print the slip of a visit, unless the visit was abandoned."""
        if order.slip.outcome is not Outcome.ABANDONED:
            self.print(order.slip)

    def print(self, document: Slip | DayReport, done: Callable[[Code], None] = lambda _: None) -> None:
        """Add a document; returns at once, from any thread. `done` is called with what came of it."""
        self._documents.append((document, done))
        self._added.set()

    def run(self, stop: threading.Event) -> None:
        """Print what is added until `stop` is set."""
        while not stop.is_set():
            if self._added.wait(STOP_CHECK_S):
                self._added.clear()
                self.print_pending()

    def print_pending(self) -> bool:
        """Print everything that waits now; return whether there was something."""
        pending = bool(self._documents)
        while self._documents:
            document, done = self._documents.popleft()
            done(self._print_one(document))
        return pending

    def _print_one(self, document: Slip | DayReport) -> Code:
        try:
            self._printer.open()
            self._printer.print(document)
        except DeviceError as error:
            log.warning("not known to be printed: %s", error)
            self._post(DeviceFailed(Device.PRINTER, error.code))
            return error.code
        else:
            self._post(DeviceReady(Device.PRINTER))
            return Code.OK
        finally:
            self._printer.close()
