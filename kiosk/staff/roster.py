"""Who may sign in here, who is signed in, and who may put a second name under a decision.

Central provisions clerks and supervisors; the terminal only checks. See docs/decisions/0007.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from kiosk.activation import identity
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.events import Event, SignedIn, SignedOut
from kiosk.files import write_whole
from kiosk.model import Clerk, Role
from kiosk.settings import Settings, StaffSettings
from kiosk.staff import pins, roster_document
from kiosk.staff.actions import Note, StaffAction
from kiosk.staff.lockout import NOBODY, Lockout
from kiosk.staff.roster_document import Member, RosterDocument

log = logging.getLogger(__name__)

ROSTER_FILE = "roster.jwt"
LOCKS_FILE = "locks.json"


class RosterIssuer(Struct, frozen=True):
    """Whose signature a roster must have, and for which terminal it must be."""

    key: Ed25519PublicKey
    terminal: str


def enrolled_issuer(settings: Settings) -> RosterIssuer:
    """Return central, as this terminal's enrolment names it. Raises IdentityError."""
    folder = settings.path(settings.terminal.identity)
    who = identity.load(folder, identity.make_key_store(settings))
    return RosterIssuer(who.challenge_key, who.terminal)


class Roster:
    """Thread-safe. Checking a PIN takes some 200 ms of work on purpose: not on Qt's thread."""

    def __init__(
        self,
        folder: Path,
        settings: StaffSettings,
        issuer: Callable[[], RosterIssuer],
        *,
        post: Callable[[Event], None] = lambda _: None,
        note: Note = lambda *_: True,
        clock_unix: Callable[[], float] = time.time,
    ) -> None:
        """`issuer` raises IdentityError while the terminal is not enrolled."""
        self._path = folder / ROSTER_FILE
        self._offline_s = settings.offline_days * 86_400.0
        self._issuer = issuer
        self._post = post
        self._note = note
        self._clock = clock_unix
        self._locks = Lockout(folder / LOCKS_FILE, settings.pin_tries, settings.lock_s)
        self._guard = threading.RLock()
        self._clerk: Clerk | None = None
        self._since = 0.0
        self._shift_s = settings.shift_h * 3600.0

    # ── who is there ─────────────────────────────────────────────────────────────────────────────

    @property
    def signed_in(self) -> Clerk | None:
        """For a shift: the panel may be closed meanwhile. A PIN is asked for again before it opens, and under
        each decision.
        """
        clerk = self._clerk
        if clerk is not None and not abs(self._clock() - self._since) < self._shift_s:
            self.sign_out(Code.STAFF_IDLE)
            return None
        return clerk

    def sign_in(self, number: str, pin: str) -> Clerk:
        """Raises StaffError: STAFF_NONE, STAFF_ROSTER_EXPIRED, STAFF_ROSTER_ALTERED, STAFF_LOCKED,
        STAFF_REFUSED (number or PIN; which of them is not told), STAFF_UNKEPT; IdentityError.
        """
        with self._guard:
            clerk = self._known(StaffAction.SIGN_IN, number, pin)
            self.sign_out()
            self._since, self._clerk = self._clock(), clerk
        self._note(StaffAction.SIGN_IN, clerk.number, Code.OK)
        self._post(SignedIn(clerk))
        return clerk

    def sign_out(self, code: Code = Code.OK) -> None:
        """`code`: STAFF_IDLE if the shift is over and nobody signed out."""
        with self._guard:
            clerk, self._clerk = self._clerk, None
        if clerk is not None:
            self._note(StaffAction.SIGN_OUT, clerk.number, code)
            self._post(SignedOut(clerk, code))

    def attest(self, number: str, pin: str, role: Role) -> Clerk:
        """A second signature: somebody else than who is signed in, with at least this role.

        Who is signed in stays so. Raises as `sign_in`, and StaffError(STAFF_SAME_PERSON, STAFF_ROLE).
        """
        with self._guard:
            if self._clerk is not None and self._clerk.number == number:
                self._note(StaffAction.ATTEST, number, Code.STAFF_SAME_PERSON)
                raise StaffError(Code.STAFF_SAME_PERSON, "two signatures need two people")
            clerk = self._known(StaffAction.ATTEST, number, pin)
            if role is Role.SUPERVISOR and clerk.role is not Role.SUPERVISOR:
                self._note(StaffAction.ATTEST, clerk.number, Code.STAFF_ROLE)
                raise StaffError(Code.STAFF_ROLE, "a supervisor is needed")
        self._note(StaffAction.ATTEST, clerk.number, Code.OK)
        return clerk

    # ── locks ────────────────────────────────────────────────────────────────────────────────────

    def locked(self) -> dict[str, float]:
        """Return the numbers that are locked now and the seconds left. Raises StaffError."""
        now = self._clock()
        with self._guard:
            members = {m.number: m.unlocked_unix for m in self._document(now).members}
            left = {n: self._locks.closed_for(n, now, members.get(n, 0.0)) for n in self._locks.closed(now)}
        return {number: seconds for number, seconds in left.items() if seconds > 0}

    def unlock(self, number: str) -> None:
        """A signed-in supervisor forgives. Raises StaffError(STAFF_ROLE)."""
        with self._guard:
            clerk = self.signed_in
            if clerk is None or clerk.role is not Role.SUPERVISOR:
                raise StaffError(Code.STAFF_ROLE, "only a supervisor unlocks")
            self._locks.forgive(number, self._clock())
        self._note(StaffAction.UNLOCK, clerk.number, Code.OK)

    # ── the roster itself ────────────────────────────────────────────────────────────────────────

    def state(self) -> Code:
        """OK, or why nobody can sign in."""
        try:
            with self._guard:
                found = self._document(self._clock())
        except StaffError as error:
            return error.code
        return Code.OK if found.members else Code.STAFF_NONE

    def expires_unix(self) -> float | None:
        """Until when signing in works without hearing from central; None where there is no roster."""
        try:
            found = self._read()
        except StaffError:
            return None
        return min(found.exp, found.iat + self._offline_s)

    def accept(self, token: str) -> bool:
        """A roster came from central: keep it if it is good and not older than the one here; was it kept?

        Whoever is signed in and is no longer on it is signed out. Raises StaffError, IdentityError.
        """
        with self._guard:
            new = self._checked(token)
            roster_document.check_time(new, self._clock(), self._offline_s)
            if new.iat < self._newest_iat():
                log.warning("a roster older than the one here was not taken")
                return False
            self._keep(token)
            gone = self._clerk is not None and _find(new, self._clerk.number, self._clerk.role) is None
        if gone:
            self.sign_out(Code.STAFF_REFUSED)
        return True

    def _known(self, act: StaffAction, number: str, pin: str) -> Clerk:
        """Count, check, forgive: in this order."""
        now = self._clock()
        member, name, forgiven = None, NOBODY, 0.0
        try:
            member = next((m for m in self._document(now).members if m.number == number), None)
            if member is not None:
                name, forgiven = member.number, member.unlocked_unix
            if self._locks.closed_for(name, now, forgiven) > 0:
                raise StaffError(Code.STAFF_LOCKED, "too many failures")
            self._locks.spend(name, now, forgiven)
            if not pins.matches(pin, member.pin if member else None) or member is None:
                closed = self._locks.closed_for(name, now, forgiven) > 0
                raise StaffError(Code.STAFF_LOCKED if closed else Code.STAFF_REFUSED)
        except StaffError as error:
            self._note(act, name, error.code)
            raise
        self._locks.forgive(name, now)
        return Clerk(member.number, member.role)

    def _document(self, now: float) -> RosterDocument:
        found = self._read()
        roster_document.check_time(found, now, self._offline_s)
        if not found.members:
            raise StaffError(Code.STAFF_NONE, "the roster is empty")
        return found

    def _read(self) -> RosterDocument:
        try:
            token = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            raise StaffError(Code.STAFF_NONE, "no roster came from central yet") from None
        except (OSError, UnicodeDecodeError) as error:
            raise StaffError(Code.STAFF_ROSTER_ALTERED, f"{ROSTER_FILE}: {type(error).__name__}") from None
        return self._checked(token)

    def _checked(self, token: str) -> RosterDocument:
        issuer = self._issuer()
        return roster_document.read(token, issuer.key, issuer.terminal)

    def _newest_iat(self) -> float:
        try:
            return self._read().iat
        except StaffError:
            return 0.0

    def _keep(self, token: str) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, token.encode("ascii"))
        except OSError as error:
            raise StaffError(Code.STAFF_UNKEPT, f"{ROSTER_FILE}: {type(error).__name__}") from None


def _find(found: RosterDocument, number: str, role: Role) -> Member | None:
    return next((m for m in found.members if (m.number, m.role) == (number, role)), None)
