"""When the terminal erases what is due: once a day, while no customer is served."""

import logging
import time
from collections.abc import Callable

from kiosk.audit.log import AuditLog
from kiosk.codes import Code
from kiosk.privacy.erasure import Eraser
from kiosk.settings import Settings

log = logging.getLogger(__name__)

INTERVAL_S = 86_400.0


class ErasureSchedule:
    """Runs the eraser when a day has passed since its last run, and at the first chance after the start."""

    def __init__(
        self,
        settings: Settings,
        audit: AuditLog,
        *,
        clock: Callable[[], float] = time.monotonic,
        clock_unix: Callable[[], float] = time.time,
    ) -> None:
        self._eraser = Eraser(settings, audit, clock_unix)
        self._audit = audit
        self._clock = clock
        self._due_at = 0.0

    def run_if_due(self, *, serving: bool, clock_code: Code) -> None:
        """Erase, unless a customer is served, the log cannot record it or the clock is wrong.

        By a wrong clock nothing would be due, or everything.
        """
        now = self._clock()
        if now < self._due_at or serving or clock_code is not Code.OK or not self._audit.flush():
            return
        self._due_at = now + INTERVAL_S
        try:
            self._eraser.run()
        except OSError as error:
            log.warning("nothing erased: %s", error.strerror)
