"""Store activation requests and take challenges for the engine: some milliseconds each, no network."""

import secrets
from collections.abc import Callable
from hashlib import blake2b

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.messages import (
    RequestOrigin,
    StretchedPassword,
    kept_picture_consent,
    personal_bytes,
    request_body,
)
from kiosk.activation.outbox import Outbox
from kiosk.activation.sealing import Sealer
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.events import ChallengeMissing, ChallengeTaken, Stored, StoreFailed, Submit
from kiosk.model import IdCard

MAX_BODY_BYTES = 512 * 1024
"""Longest body that central accepts. Only a picture can make a request longer."""

MOST_APPLICANTS = 1000
"""Of so many people it is known which of their requests is the newest: more than ever wait for central."""


class Submission:
    """The engine's side of the outbox, for its thread. Nothing here raises: a failure is an event.

    `sealer` returns the one in use at that moment, `password` that of a visit, stretched; `wake`,
    `fetch_fresh` and `recheck_disk` are the delivery worker's.
    """

    def __init__(
        self,
        outbox: Outbox,
        pool: ChallengePool,
        *,
        sealer: Callable[[], Sealer],
        password: Callable[[str], StretchedPassword | None],
        origin: RequestOrigin,
        clock: TerminalClock,
        wake: Callable[[], None],
        fetch_fresh: Callable[[], None],
        recheck_disk: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._pool = pool
        self._sealer = sealer
        self._password = password
        self._origin = origin
        self._clock = clock
        self._wake = wake
        self._fetch_fresh = fetch_fresh
        self._doubt_disk = recheck_disk
        self._salt = secrets.token_bytes(32)
        self._newest: dict[bytes, str] = {}  # applicant, as a keyed hash of this run → the newest request

    def submit(self, order: Submit, picture: bytes | None = None) -> Stored | StoreFailed:
        """Seal the request, put it on disk and wake delivery.

        `picture`: JPEG; goes along only with consent to that, and only if the body does not get too long.
        EVIDENCE_INCOMPLETE without a card: the request names no person, or a child without a guardian; and
        without a password that the purpose needs.
        """
        evidence = order.evidence
        if evidence.card is None or (evidence.guardian is not None and evidence.guardian.card is None):
            return StoreFailed(Code.EVIDENCE_INCOMPLETE)
        password = self._password(order.visit) if evidence.purpose.has_password else None
        if password is None and evidence.purpose.has_password:
            return StoreFailed(Code.EVIDENCE_INCOMPLETE)
        body = self._sealed_body(order, evidence.card, password, picture)
        if len(body) > MAX_BODY_BYTES:
            body = self._sealed_body(order, evidence.card, password, None)
        applicant = blake2b(evidence.card.number.encode(), key=self._salt, digest_size=16).digest()
        try:
            earlier = self._newest.get(applicant)
            self._outbox.put(order.visit, body, self._clock.unix(), earlier, self._clock.moment())
        except OutboxError as error:
            self._doubt_disk()
            return StoreFailed(error.code)
        self._remember(applicant, order.visit)
        self._wake()
        return Stored(order.visit)

    def take_challenge(self) -> ChallengeTaken | ChallengeMissing:
        """Take a challenge, used up from here on, and wake delivery to fetch another."""
        try:
            challenge = self._pool.take(self._clock.unix())
        except OutboxError as error:
            self._doubt_disk()
            return ChallengeMissing(error.code)
        self._fetch_fresh()  # for a second try
        return ChallengeMissing() if challenge is None else ChallengeTaken(challenge)

    def _remember(self, applicant: bytes, visit: str) -> None:
        self._newest.pop(applicant, None)
        self._newest[applicant] = visit
        if len(self._newest) > MOST_APPLICANTS:
            del self._newest[next(iter(self._newest))]

    def _sealed_body(
        self, order: Submit, card: IdCard, password: StretchedPassword | None, picture: bytes | None
    ) -> bytes:
        kept = kept_picture_consent(order.evidence, picture)
        personal = personal_bytes(card, order.evidence, picture, password, kept)
        sealed = self._sealer().seal(personal, order.visit, self._origin.terminal)
        # A clock that was set back during the visit must not make it end before it began.
        at_unix = max(self._clock.unix(), order.evidence.began_unix)
        return request_body(
            order.visit,
            order.evidence,
            origin=self._origin,
            sealed=sealed,
            at_unix=at_unix,
            reference=kept,
        )
