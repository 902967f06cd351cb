"""The thread that asks the register again when a request is due, and deletes what has expired.

When to ask is in the database (`recheck_unix`, `absent`), so a restart forgets nothing.
"""

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import delete

from central.activation.activations import Activations
from central.storage.database import Database
from central.storage.tables import EnrolmentCode, SeenToken

log = logging.getLogger(__name__)

_DAY_S = 24 * 3600.0


class Rechecker:
    """Thread with one round every `poll_s`; a round that fails is logged and the next one comes.

    Expired rows are deleted every `prune_s`; `erase` is called once a day.
    """

    def __init__(
        self,
        activations: Activations,
        database: Database,
        *,
        poll_s: float,
        prune_s: float,
        erase: Callable[[], object],
    ) -> None:
        self._activations = activations
        self._database = database
        self._poll_s = poll_s
        self._prune_s = prune_s
        self._erase = erase
        self._pruned = self._erased = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recheck", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop the thread; a request that is half done then is taken up after the next start."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.wait(self._poll_s):
            self._attempt(self._resume_due)
            if time.monotonic() - self._pruned >= self._prune_s:
                self._pruned = time.monotonic()
                self._attempt(lambda: delete_expired(self._database, time.time()))
            if time.monotonic() - self._erased >= _DAY_S:
                self._erased = time.monotonic()
                self._attempt(self._erase)

    def _resume_due(self) -> None:
        for visit in self._activations.due():
            if self._stop.is_set():
                return
            self._attempt(lambda visit=visit: self._activations.resume(visit))  # type: ignore[misc]

    def _attempt(self, work: Callable[[], object]) -> None:
        """Call `work`; log the type of an exception, but not its text, which may be personal."""
        try:
            work()
        except Exception as error:
            log.error("re-check failed: %s", type(error).__name__)


def delete_expired(database: Database, now: float) -> None:
    """Delete spent nonces that could not be replayed any more, and codes that ended a day ago."""
    with database.write() as session:
        session.execute(delete(SeenToken).where(SeenToken.expires_unix < now))
        session.execute(delete(EnrolmentCode).where(EnrolmentCode.expires_unix < now - _DAY_S))
