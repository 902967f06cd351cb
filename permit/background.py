"""Work that nobody waits for: asking the registry again, reminders, messages, erasure.

Each piece of work is leased in the database, so that any number of processes may do this at once.
"""

import logging
import threading
import time
from collections.abc import Callable

from permit.service import Service

log = logging.getLogger(__name__)

ERASE_S = 3600.0


class Background:
    """A thread that works until it is stopped."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background")
        self._erased_at: float | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece of work in hand."""
        self._stopping.set()
        self._thread.join()

    def work_once(self) -> None:
        """Do what is due now; a failure of one kind of work does not keep the others from being done."""
        for work in (self._ask_registry, self._refresh_cards, self._send, self._erase):
            try:
                work()
            except Exception as error:  # its text may be personal
                log.error("background work failed: %s: %s", work.__name__, type(error).__name__)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.work_once()
            self._stopping.wait(self._service.settings.worker.poll_s)

    def _ask_registry(self) -> None:
        for binding in self._service.bindings.due():
            self._service.bindings.resume(binding)
        self._service.renewals.advance_due()

    def _refresh_cards(self) -> None:
        for card in self._service.cards.due():
            self._service.cards.refresh(card)
            self._service.reminders.plan(card)

    def _send(self) -> None:
        self._service.reminders.send_due()
        self._service.notices.send_due()

    def _erase(self) -> None:
        now = self._clock()
        if self._erased_at is not None and now - self._erased_at < ERASE_S:
            return
        self._erased_at = now
        self._service.bindings.erase_old()
        self._service.sessions.erase_old()
        self._service.phone_codes.erase_old()
        self._service.logins.erase_old()
