"""Simulated counter lamp on a pseudo-terminal: what is written to `port` switches it, as a relay board does.

    with LampOnPty() as lamp:
        ...                       # a driver that was given `lamp.port` writes to it
        lamp.shines

`python -m kiosk.simulators.lamp` lends such a lamp to a terminal on the same machine and says when it shines.
"""

import contextlib
import os
import pty
import select
import threading
import tty
from types import TracebackType

from kiosk.worker import Worker

ON, OFF = bytes.fromhex("A00101A2"), bytes.fromhex("A00100A1")
"""Of the USB relay boards of type LCUS-1."""


class LampOnPty:
    """A lamp; `changed` is notified when it is switched."""

    def __init__(self) -> None:
        self.shines = False
        self.switched = 0
        self.changed = threading.Condition()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._worker = Worker("lamp", self._run)

    def __enter__(self) -> "LampOnPty":
        self._worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()
        os.close(self._slave)
        os.close(self._master)

    def wait(self, shines: bool, timeout_s: float = 60.0) -> bool:
        """Wait until the lamp shines, or does not any more; return False if it did not come to that."""
        with self.changed:
            return self.changed.wait_for(lambda: self.shines is shines, timeout_s)

    def _run(self, stop: threading.Event) -> None:
        received = b""
        while not stop.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            received += os.read(self._master, 64)
            while (found := min((at for at in map(received.find, (ON, OFF)) if at >= 0), default=-1)) >= 0:
                self._switch(received[found : found + len(ON)] == ON)
                received = received[found + len(ON) :]

    def _switch(self, on: bool) -> None:
        with self.changed:
            self.shines = on
            self.switched += 1
            self.changed.notify_all()


def main() -> None:
    """Lend a lamp until interrupted."""
    with LampOnPty() as lamp, contextlib.suppress(KeyboardInterrupt):
        print(f'[clerk_call]\ndriver = "serial-lamp"\nport = "{lamp.port}"', flush=True)
        while True:
            shines = lamp.shines
            if lamp.wait(not shines):
                print("on" if lamp.shines else "off", flush=True)


if __name__ == "__main__":
    main()
