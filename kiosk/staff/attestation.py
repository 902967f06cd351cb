"""Answers the visit's questions about staff: who is signed in, whether number and PIN are right; signs.

The first PIN of a review opens the case, the decision follows: so the unwrapped key is kept in memory from
the PIN to the decision, for one signature, and dropped with it or with the end of the review.
"""

import threading
import time
from collections.abc import Callable

from kiosk.codes import Code
from kiosk.errors import KioskError
from kiosk.events import (
    Attest,
    Attested,
    CallClerk,
    ClerkAbsent,
    ClerkPresent,
    Event,
    NotAttested,
    ReviewSigned,
    SignReview,
)
from kiosk.model import Role
from kiosk.staff.review_key import ReviewKey
from kiosk.staff.roster import Roster
from kiosk.worker import Worker


class Attestation:
    """Handlers of `CallClerk`, `Attest`, `SignReview` and `DropKey`."""

    def __init__(
        self, roster: Roster, post: Callable[[Event], None], clock_unix: Callable[[], float] = time.time
    ) -> None:
        self._roster = roster
        self._post = post
        self._clock_unix = clock_unix
        self._lock = threading.Lock()
        self._key: ReviewKey | None = None
        self._wanted: Attest | None = None  # the PIN whose key may be kept; a later one replaces it

    def call_clerk(self, _: CallClerk) -> ClerkPresent | ClerkAbsent:
        """Return who is signed in."""
        clerk = self._roster.signed_in
        return ClerkPresent(clerk.number, clerk.role, self._clock_unix()) if clerk else ClerkAbsent()

    def attest(self, order: Attest) -> None:
        """Check the PIN on a thread "attest", for that takes some 200 ms on purpose, and post the result."""
        self.drop_key()
        with self._lock:
            self._wanted = order
        Worker("attest", lambda _: self._post(self._check(order))).start()

    def sign(self, order: SignReview) -> ReviewSigned | NotAttested:
        """Sign the decision with the key that the last PIN unwrapped; it signs nothing else."""
        with self._lock:
            key, self._key = self._key, None
        if key is None:
            return NotAttested(Code.STAFF_REFUSED)
        return ReviewSigned(key.sign(order, self._clock_unix()))

    def drop_key(self) -> None:
        """Forget the key, also one whose PIN is being checked."""
        with self._lock:
            self._wanted = None
            if self._key is not None:
                self._key.drop()
            self._key = None

    def _check(self, order: Attest) -> Attested | NotAttested:
        """Sign the clerk in, or let a supervisor put the second signature."""
        try:
            if order.role is Role.SUPERVISOR:
                key = self._roster.attest(order.clerk, order.pin, order.role)
            else:
                key = self._roster.sign_in_to_review(order.clerk, order.pin)
        except KioskError as error:
            return NotAttested(error.code)
        with self._lock:
            if self._wanted is order:
                self._key = key
            else:
                key.drop()
        return Attested(key.clerk.number, key.clerk.role, self._clock_unix())
