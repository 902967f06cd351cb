"""Named threads that can be stopped and report their own death; every thread of the terminal is one."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Worker:
    """Runs `work(stop)` on a thread until it returns or `stop` is set.

    `died` is called with the thread's name and the exception if `work` raises: no thread ends unnoticed.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[threading.Event], None],
        died: Callable[[str, Exception], None] | None = None,
    ) -> None:
        self.name = name
        self._work = work
        self._died = died
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> "Worker":
        """Start the thread."""
        self._thread.start()
        return self

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Ask the work to end and wait for it; return False if it did not end in time."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.error("worker %s did not stop within %.1f s", self.name, timeout_s)
            return False
        return True

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work(self._stop)
        except Exception as error:
            log.exception("worker %s died", self.name)
            if self._died is not None:
                self._died(self.name, error)
