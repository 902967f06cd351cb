"""Where the engine hands requests in and takes challenges: some milliseconds each, no network."""

from collections.abc import Callable

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.messages import About, personal_bytes, request_body
from kiosk.activation.outbox import Outbox
from kiosk.activation.sealing import Sealer
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.events import ChallengeMissing, ChallengeTaken, Stored, StoreFailed, Submit

MAX_BODY = 512 * 1024
"""Bytes that central takes. Only a picture can make a request larger."""


class Submission:
    """For the engine's thread. Nothing here raises: a promise that cannot be kept is an event."""

    def __init__(
        self,
        outbox: Outbox,
        pool: ChallengePool,
        sealer: Callable[[], Sealer],
        about: About,
        clock_unix: Callable[[], float],
        wake: Callable[[], None],
        recheck_disk: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._pool = pool
        self._sealer = sealer
        self._about = about
        self._clock_unix = clock_unix
        self._wake = wake
        self._doubt_disk = recheck_disk

    def submit(self, order: Submit, picture: bytes | None = None) -> Stored | StoreFailed:
        """Seal, put on disk, wake the courier. `picture`: JPEG; goes along only with consent to that."""
        body = self._body(order, picture)
        if body is None:
            return StoreFailed(Code.EVIDENCE_INCOMPLETE)
        try:
            self._outbox.put(order.visit, body, self._clock_unix())
        except OutboxError as error:
            self._doubt_disk()
            return StoreFailed(error.code)
        self._wake()
        return Stored(order.visit)

    def take_challenge(self) -> ChallengeTaken | ChallengeMissing:
        """Used up from here on. The courier is woken to see whether more are needed."""
        try:
            challenge = self._pool.take(self._clock_unix())
        except OutboxError as error:
            self._doubt_disk()
            return ChallengeMissing(error.code)
        self._wake()
        return ChallengeMissing() if challenge is None else ChallengeTaken(challenge)

    def _body(self, order: Submit, picture: bytes | None) -> bytes | None:
        """None without a card: there is nobody to activate for, or nobody who applies for a child."""
        evidence = order.evidence
        if evidence.card is None or (evidence.guardian is not None and evidence.guardian.card is None):
            return None
        body = self._sealed_body(order, picture)
        return body if len(body) <= MAX_BODY else self._sealed_body(order, None)

    def _sealed_body(self, order: Submit, picture: bytes | None) -> bytes:
        evidence = order.evidence
        assert evidence.card is not None
        personal = personal_bytes(evidence.card, evidence, picture)
        sealed = self._sealer().seal(personal, order.visit, self._about.terminal)
        # A clock that was set back during the visit must not make it end before it began.
        at_unix = max(self._clock_unix(), evidence.began_unix)
        return request_body(order.visit, evidence, self._about, sealed, at_unix)
