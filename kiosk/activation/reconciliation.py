"""Does the outbox hold what was promised? Its rows are compared with the audit log.

SQLite cannot tell a write-ahead log that was spoilt from one whose last transaction was never finished, nor
an older copy of the file from the file: both open without a word, and a committed request is gone. The log
says otherwise. The order of the writes makes it a judge:

    1. the row is committed   2. `visit.stored` is on disk   3. the screen may promise

Killed between 1 and 2: a row without a record. Nobody was promised anything, the row is delivered all the
same, and its record is written now: *healed*, never blocked. The other way round, a kill in between would
look exactly like a loss, and every power cut could raise a false alarm.

A record without a row is a **loss**, whatever the reason. It is put back into the outbox, wedged and without
a body, so that staff see it; central is asked whether it knows the number (then its word settles it) and is
told; and until that, or until a supervisor has taken note, nobody new is served.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.outbox import Entry, Outbox, State
from kiosk.audit.log import AuditLog
from kiosk.audit.record import Kind
from kiosk.audit.stored_requests import StoredRequests
from kiosk.codes import Code
from kiosk.errors import AuditError, OutboxError

log = logging.getLogger(__name__)

LOST = frozenset({Code.REQUEST_LOST, Code.REQUEST_GIVEN_UP})
"""Of such rows there never was a body here."""


class Reconciliation:
    """`look` may be called from any thread; the first look heals, each one finds what is missing."""

    def __init__(
        self,
        audit: AuditLog,
        outbox: Outbox,
        pool: ChallengePool,
        keep_s: float,
        clock_unix: Callable[[], float],
    ) -> None:
        """`keep_s`: so long the outbox keeps what was delivered."""
        self._audit = audit
        self._outbox = outbox
        self._pool = pool
        self._keep_s = keep_s
        self._clock_unix = clock_unix
        self._promises = StoredRequests(audit.path)
        self._lock = threading.Lock()
        self._healed = False

    def look(self) -> Code:
        """OK, REQUEST_LOST, or why it cannot be told (STARTING: the outbox itself tells)."""
        try:
            with self._lock:
                self._compare()
                return Code.REQUEST_LOST if self._outbox.lost_ids() else Code.OK
        except AuditError as error:
            return error.code
        except OutboxError:
            return Code.STARTING

    def _compare(self) -> None:
        """The log is read first: a request that it knows was in the outbox before."""
        if not self._healed:
            self._heal()
            self._healed = True
        for _ in self._promises.news():
            pass
        for visit in sorted(self._promises.open - self._outbox.ids()):
            self._lose(visit)

    def _heal(self) -> None:
        rows = {entry.id: entry for entry in self._outbox.list() if entry.code not in LOST}
        unwritten, unsettled = dict(rows), {i: e for i, e in rows.items() if e.state is State.DELIVERED}
        newest = ("", 0.0)
        for told in self._promises.news():
            if told.stored:
                newest = told.visit, told.at_unix
            (unwritten if told.stored else unsettled).pop(told.visit, None)
        for visit in unwritten:
            log.warning("%s had no record; it gets one", visit)
            self._audit.append(Kind.VISIT_STORED, visit=visit, facts={"healed": True})
        for entry in unsettled.values():
            self._settle(entry)
        self._doubt_challenges(*newest)

    def _settle(self, entry: Entry) -> None:
        if entry.receipt is not None:
            facts = {"status": entry.receipt.status.value, "healed": True}
            self._audit.append(Kind.REQUEST_SETTLED, entry.receipt.code, visit=entry.id, facts=facts)

    def _doubt_challenges(self, visit: str, at_unix: float) -> None:
        """An older copy of the file holds digits that were read aloud since: central would refuse them."""
        young = abs(self._clock_unix() - at_unix) < self._keep_s
        if visit and young and visit not in self._outbox.ids():
            log.error("the outbox is older than the log; its challenges are thrown away")
            self._pool.discard()

    def _lose(self, visit: str) -> None:
        log.error("%s was promised, and is not in the outbox", visit)
        self._outbox.mark_lost(visit, self._clock_unix())
        self._audit.append(Kind.REQUEST_LOST, Code.REQUEST_LOST, visit=visit)
        with suppress(OutboxError):
            self._pool.discard()
