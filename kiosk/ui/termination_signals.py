"""SIGINT and SIGTERM end Qt's loop at once, without a timer that would wake an idle terminal."""

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TerminationSignals(QObject):
    """Calls `on_signal` on Qt's thread, until `close`.

    Python runs signal handlers only while Python code runs, and Qt's loop is none. So the signal also writes
    a byte into a socket (`signal.set_wakeup_fd`) that wakes the loop.
    """

    def __init__(self, on_signal: Callable[[], None]) -> None:
        super().__init__()
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._handlers_before = {n: signal.signal(n, lambda _, __: on_signal()) for n in _SIGNALS}
        self._fd_before = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(lambda: self._read.recv(64))

    def close(self) -> None:
        """Restore the handlers that were there before."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()
