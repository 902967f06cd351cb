"""Tell systemd that the terminal is ready and alive: one datagram a message, see sd_notify(3).

The variable WATCHDOG_PID is not compared: it names the compositor, whose child the terminal is.
"""

import os
import socket
from collections.abc import Callable, Mapping

STUCK_AFTER_S = 20.0
"""A healthy engine turns five times a second; at most it waits for a backup that holds the outbox (15 s)."""


class ServiceManager:
    """Reports to the service manager named in the environment; does nothing where there is none."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        watched = bool(self._address) and usec.isascii() and usec.isdecimal()
        self.interval_s = int(usec) / 1e6 / 4 if watched else 0.0
        """How often `KeepAlive.beat` is to be called; 0: never."""

    def send(self, state: str) -> None:
        """Send a state such as READY=1; a manager that is gone, or busy, is no reason to fail."""
        if not self._address:
            return
        # A leading @ stands for the NUL of Linux's abstract names.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(state.encode(), address)
        except OSError:
            pass


class KeepAlive:
    """Sends WATCHDOG=1 while two threads turn: the one that calls `beat`, and the engine's.

    If either is stuck nothing is sent, and the service manager ends the program and starts it again.
    """

    def __init__(
        self, manager: ServiceManager, last_turn: Callable[[], float], clock: Callable[[], float]
    ) -> None:
        """`last_turn`: when, by `clock`, the engine's thread last went round."""
        self.manager = manager
        self._last_turn = last_turn
        self._clock = clock

    def beat(self) -> None:
        """Call this from the window's thread, every `ServiceManager.interval_s`."""
        if self._clock() - self._last_turn() <= STUCK_AFTER_S:
            self.manager.send("WATCHDOG=1")
