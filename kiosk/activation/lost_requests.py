"""Compare the outbox's rows with the audit log: is every request that was promised still there?

SQLite cannot tell a write-ahead log that was spoilt from one whose last transaction was never finished, nor
an older copy of the file from the file: both open without an error, and a committed request is gone. The
audit log shows the loss, because of the order of the writes:

    1. the row is committed   2. `visit.stored` is on disk   3. the screen may promise

Killed between 1 and 2: a row without a record. Nothing was promised, the row is delivered all the same, and
its record is written at the next start: *healed*, never blocked. With the writes in the other order, a kill
in between would look exactly like a loss, and every power cut could raise a false alarm.

A record without a row is a **loss**, whatever the reason. The request is put back into the outbox, wedged and
without a body, so that staff see it; central is informed and asked whether it knows the number (then its
receipt settles the request); and until that, or until a supervisor has taken note, no new visit begins.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.outbox import Outbox, RequestState
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.audit.stored_requests import StoredRequests
from kiosk.codes import Code
from kiosk.errors import AuditError, OutboxError

log = logging.getLogger(__name__)

LOST = frozenset({Code.REQUEST_LOST, Code.REQUEST_GIVEN_UP})
"""Codes of rows that `_mark_lost` made: they have no body and need no record."""


class Reconciliation:
    """Comparison of outbox and audit log. `check` may be called from any thread.

    The first check heals, each one finds what is missing.
    """

    def __init__(
        self,
        audit: AuditLog,
        outbox: Outbox,
        pool: ChallengePool,
        *,
        keep_s: float,
        clock_unix: Callable[[], float],
    ) -> None:
        """`keep_s`: for so many seconds the outbox keeps what was delivered."""
        self._audit = audit
        self._outbox = outbox
        self._pool = pool
        self._keep_s = keep_s
        self._clock_unix = clock_unix
        self._stored = StoredRequests(audit.path)
        self._lock = threading.Lock()
        self._healed = False

    def check(self) -> Code:
        """Compare; return OK, REQUEST_LOST, or why it cannot be known.

        STARTING if the outbox cannot be read: that failure is reported under its own name.
        """
        try:
            with self._lock:
                self._compare()
                return Code.REQUEST_LOST if self._outbox.lost_ids() else Code.OK
        except AuditError as error:
            return error.code
        except OutboxError:
            return Code.STARTING

    def _compare(self) -> None:
        """Read the log first, then the outbox: a request that the log knows was in the outbox before."""
        if not self._healed:
            self._heal()
            self._healed = True
        for _ in self._stored.read_new():
            pass
        for visit in sorted(self._stored.open - self._outbox.ids()):
            self._mark_lost(visit)

    def _heal(self) -> None:
        requests = {request.id: request for request in self._outbox.list() if request.code not in LOST}
        unrecorded = dict(requests)
        unsettled = {id: r for id, r in requests.items() if r.state is RequestState.DELIVERED}
        newest = ("", 0.0)
        for record in self._stored.read_new():
            if record.stored:
                newest = record.visit, record.at_unix
            (unrecorded if record.stored else unsettled).pop(record.visit, None)
        for visit in unrecorded:
            log.warning("%s had no record; it gets one", visit)
            self._audit.append(RecordKind.VISIT_STORED, visit=visit, facts={"healed": True})
        for request in unsettled.values():
            if request.receipt is not None:
                facts = {"status": request.receipt.status.value, "healed": True}
                self._audit.append(
                    RecordKind.REQUEST_SETTLED, request.receipt.code, visit=request.id, facts=facts
                )
        self._discard_challenges_of_older_copy(*newest)

    def _discard_challenges_of_older_copy(self, newest_visit: str, at_unix: float) -> None:
        """Discard all challenges if the newest stored request is missing: the file is an older copy.

        It holds digits that were read aloud since; central would refuse them.
        """
        recent = abs(self._clock_unix() - at_unix) < self._keep_s
        if newest_visit and recent and newest_visit not in self._outbox.ids():
            log.error("the outbox is older than the log; its challenges are thrown away")
            self._pool.discard()

    def _mark_lost(self, visit: str) -> None:
        log.error("%s was promised, and is not in the outbox", visit)
        self._outbox.mark_lost(visit, self._clock_unix())
        self._audit.append(RecordKind.REQUEST_LOST, Code.REQUEST_LOST, visit=visit)
        with suppress(OutboxError):
            self._pool.discard()
