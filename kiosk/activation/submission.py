"""Store activation requests and take challenges for the engine: some milliseconds each, no network."""

from collections.abc import Callable

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.messages import RequestOrigin, personal_bytes, request_body
from kiosk.activation.outbox import Outbox
from kiosk.activation.sealing import Sealer
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.events import ChallengeMissing, ChallengeTaken, Stored, StoreFailed, Submit
from kiosk.model import IdCard

MAX_BODY_BYTES = 512 * 1024
"""Longest body that central accepts. Only a picture can make a request longer."""


class Submission:
    """The engine's side of the outbox, for its thread. Nothing here raises: a failure is an event.

    `sealer` returns the one in use at that moment; `wake` and `recheck_disk` are the delivery worker's.
    """

    def __init__(
        self,
        outbox: Outbox,
        pool: ChallengePool,
        *,
        sealer: Callable[[], Sealer],
        origin: RequestOrigin,
        clock_unix: Callable[[], float],
        wake: Callable[[], None],
        recheck_disk: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._pool = pool
        self._sealer = sealer
        self._origin = origin
        self._clock_unix = clock_unix
        self._wake = wake
        self._doubt_disk = recheck_disk

    def submit(self, order: Submit, picture: bytes | None = None) -> Stored | StoreFailed:
        """Seal the request, put it on disk and wake delivery.

        `picture`: JPEG; goes along only with consent to that, and only if the body does not get too long.
        EVIDENCE_INCOMPLETE without a card: the request names no person, or a child without a guardian.
        """
        evidence = order.evidence
        if evidence.card is None or (evidence.guardian is not None and evidence.guardian.card is None):
            return StoreFailed(Code.EVIDENCE_INCOMPLETE)
        body = self._sealed_body(order, evidence.card, picture)
        if len(body) > MAX_BODY_BYTES:
            body = self._sealed_body(order, evidence.card, None)
        try:
            self._outbox.put(order.visit, body, self._clock_unix())
        except OutboxError as error:
            self._doubt_disk()
            return StoreFailed(error.code)
        self._wake()
        return Stored(order.visit)

    def take_challenge(self) -> ChallengeTaken | ChallengeMissing:
        """Take a challenge, used up from here on, and wake delivery to fetch more if few are left."""
        try:
            challenge = self._pool.take(self._clock_unix())
        except OutboxError as error:
            self._doubt_disk()
            return ChallengeMissing(error.code)
        self._wake()
        return ChallengeMissing() if challenge is None else ChallengeTaken(challenge)

    def _sealed_body(self, order: Submit, card: IdCard, picture: bytes | None) -> bytes:
        personal = personal_bytes(card, order.evidence, picture)
        sealed = self._sealer().seal(personal, order.visit, self._origin.terminal)
        # A clock that was set back during the visit must not make it end before it began.
        at_unix = max(self._clock_unix(), order.evidence.began_unix)
        return request_body(order.visit, order.evidence, origin=self._origin, sealed=sealed, at_unix=at_unix)
