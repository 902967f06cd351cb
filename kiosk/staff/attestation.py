"""Answers the visit's questions about staff: who is signed in, and whether a number and PIN are right."""

import time
from collections.abc import Callable

from kiosk.errors import KioskError
from kiosk.events import Attest, Attested, CallClerk, ClerkAbsent, ClerkPresent, Event, NotAttested
from kiosk.model import Role
from kiosk.staff.roster import Roster
from kiosk.worker import Worker


class Attestation:
    """Handlers of `CallClerk` and `Attest`."""

    def __init__(
        self, roster: Roster, post: Callable[[Event], None], clock_unix: Callable[[], float] = time.time
    ) -> None:
        self._roster = roster
        self._post = post
        self._clock_unix = clock_unix

    def call_clerk(self, _: CallClerk) -> ClerkPresent | ClerkAbsent:
        """Return who is signed in."""
        clerk = self._roster.signed_in
        return ClerkPresent(clerk.number, clerk.role, self._clock_unix()) if clerk else ClerkAbsent()

    def attest(self, order: Attest) -> None:
        """Check the PIN on a thread "attest", for that takes some 200 ms on purpose, and post the result."""
        Worker("attest", lambda _: self._post(self._check(order))).start()

    def _check(self, order: Attest) -> Attested | NotAttested:
        """Sign the clerk in, or let a supervisor put the second signature."""
        try:
            if order.role is Role.SUPERVISOR:
                clerk = self._roster.attest(order.clerk, order.pin, order.role)
            else:
                clerk = self._roster.sign_in(order.clerk, order.pin)
        except KioskError as error:
            return NotAttested(error.code)
        return Attested(clerk.number, clerk.role, self._clock_unix())
