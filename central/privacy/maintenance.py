"""The thread that deletes what has expired, and erases what is due, while the server runs."""

import logging
import threading
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete

from central.privacy import clips, retention
from central.settings import Retention
from central.storage import partitions
from central.storage.authentication_tables import (
    AccessToken,
    AuthenticationRequest,
    AuthorizationCode,
    ClientAssertion,
    Recording,
)
from central.storage.database import Database
from central.storage.tables import EnrolmentCode, SeenToken

log = logging.getLogger(__name__)

_DAY_S = 24 * 3600.0


class Maintenance:
    """Thread with one round every `every_s`, the first at once; it erases once a day, and clips all the time.

    What fails is logged and tried again in the next round. `clock`: seconds since 1970-01-01 UTC.
    """

    def __init__(
        self,
        database: Database,
        key: Ed25519PrivateKey,
        keep: Retention,
        clock: Callable[[], float],
        every_s: float,
    ) -> None:
        self._database = database
        self._key = key
        self._keep = keep
        self._clock = clock
        self._every_s = every_s
        self._erased = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop the thread; what is half erased then is rolled back, and erased after the next start."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        begun = float("-inf")
        while not self._stop.is_set():
            if time.monotonic() - begun >= self._every_s:
                begun = time.monotonic()
                self._round()
            self._attempt(self._erase_clips)
            self._stop.wait(min(self._every_s, clips.ROUND_S))

    def _round(self) -> None:
        self._attempt(self._delete_expired)
        self._attempt(self._make_parts)
        if time.monotonic() - self._erased >= _DAY_S and self._attempt(self._erase):
            self._erased = time.monotonic()

    def _erase_clips(self) -> None:
        clips.erase_clips(self._database, self._key, self._clock())
        clips.erase_chunks(self._database, self._clock())

    def _delete_expired(self) -> None:
        delete_expired(self._database, self._clock())

    def _make_parts(self) -> None:
        partitions.make_ahead(self._database.engine, partitions.SEEN_TOKENS, self._clock())

    def _erase(self) -> None:
        retention.erase(self._database, self._key, self._keep, self._clock())

    def _attempt(self, work: Callable[[], None]) -> bool:
        """Call `work`; log the type of an exception, but not its text, which may be personal."""
        try:
            work()
        except Exception as error:
            log.error("maintenance failed: %s", type(error).__name__)
            return False
        return True


def delete_expired(database: Database, now: float) -> None:
    """Delete spent nonces and what else has expired; enrolment codes a day later."""
    is_in_parts = database.engine.dialect.name == "postgresql"
    with database.write() as session:
        session.execute(delete(EnrolmentCode).where(EnrolmentCode.expires_unix < now - _DAY_S))
        for table in (AuthenticationRequest, AuthorizationCode, AccessToken, ClientAssertion):
            session.execute(delete(table).where(table.expires_unix < now))
        session.execute(delete(Recording).where(Recording.started_unix < now - _DAY_S))
        if not is_in_parts:
            session.execute(delete(SeenToken).where(SeenToken.expires_unix < now))
    if is_in_parts:
        partitions.drop_before(database.engine, partitions.SEEN_TOKENS, now)
