"""Check who may sign in here and who may put the second signature under a decision; keep who is signed in.

Central provisions clerks and supervisors; the terminal only checks. See docs/decisions/0007.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from kiosk.activation import identity
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.events import Event, SignedIn, SignedOut
from kiosk.files import make_private, read_regular, write_whole
from kiosk.model import Clerk, Role
from kiosk.settings import Settings, StaffSettings
from kiosk.staff import review_key, roster_document
from kiosk.staff.actions import RecordAction, StaffAction
from kiosk.staff.lockout import UNKNOWN_NUMBER, Lockout
from kiosk.staff.review_key import ReviewKey
from kiosk.staff.roster_document import RosterDocument
from kiosk.staff.roster_memory import RosterMemory
from kiosk.storage_faults import storage_code

log = logging.getLogger(__name__)

ROSTER_FILE = "roster.jwt"
LOCKS_FILE = "locks.json"
MAX_ROSTER_BYTES = 1 << 20


class RosterIssuer(Struct, frozen=True):
    """Whose signature a roster must have, and for which terminal it must be."""

    key: Ed25519PublicKey
    terminal: str


def enrolled_issuer(settings: Settings) -> RosterIssuer:
    """Return central, as this terminal's enrolment names it. Raises IdentityError."""
    folder = settings.path(settings.terminal.identity)
    enrolled = identity.load(folder, identity.make_key_store(settings))
    return RosterIssuer(enrolled.challenge_key, enrolled.terminal)


class Roster:
    """Thread-safe. Checking a PIN takes some 200 ms of work on purpose: not on Qt's thread."""

    def __init__(
        self,
        folder: Path,
        settings: StaffSettings,
        issuer: Callable[[], RosterIssuer],
        memory: RosterMemory,
        *,
        post: Callable[[Event], None] = lambda _: None,
        record: RecordAction = lambda *_: True,
        clock_unix: Callable[[], float] = time.time,
    ) -> None:
        """`issuer` raises IdentityError while the terminal is not enrolled."""
        self._path = folder / ROSTER_FILE
        self._offline_s = settings.offline_days * 86_400.0
        self._issuer = issuer
        self._memory = memory
        self._post = post
        self._record = record
        self._clock_unix = clock_unix
        self._lockout = Lockout(folder / LOCKS_FILE, settings.pin_tries, settings.lock_s)
        self._lock = threading.RLock()
        self._clerk: Clerk | None = None
        self._since = 0.0
        self._shift_s = settings.shift_h * 3600.0

    # ── signing in ───────────────────────────────────────────────────────────────────────────────

    @property
    def signed_in(self) -> Clerk | None:
        """Who is signed in, for one shift: the panel may be closed meanwhile.

        A PIN is asked for again before the panel opens, and for each decision.
        """
        clerk = self._clerk
        if clerk is not None and not abs(self._clock_unix() - self._since) < self._shift_s:
            self.sign_out(Code.STAFF_IDLE)
            return None
        return clerk

    def sign_in(self, number: str, pin: str) -> Clerk:
        """Sign a clerk in; who was signed in before is signed out.

        Raises StaffError: STAFF_NONE, STAFF_ROSTER_OLD, STAFF_ROSTER_EXPIRED, STAFF_ROSTER_ALTERED,
        STAFF_LOCKED, STAFF_REFUSED (number or PIN; which of them is not said), STAFF_UNKEPT; IdentityError.
        """
        key = self.sign_in_to_review(number, pin)
        key.drop()
        return key.clerk

    def sign_in_to_review(self, number: str, pin: str) -> ReviewKey:
        """Sign a clerk in, and return their key for one decision. Raises as `sign_in`."""
        with self._lock:
            key = self._unlock_key(StaffAction.SIGN_IN, number, pin)
            clerk = key.clerk
            self.sign_out()
            self._since, self._clerk = self._clock_unix(), clerk
        self._record(StaffAction.SIGN_IN, clerk.number, Code.OK)
        self._post(SignedIn(clerk))
        return key

    def sign_out(self, code: Code = Code.OK) -> None:
        """Sign out. `code`: STAFF_IDLE if the shift is over and nobody signed out."""
        with self._lock:
            clerk, self._clerk = self._clerk, None
        if clerk is not None:
            self._record(StaffAction.SIGN_OUT, clerk.number, code)
            self._post(SignedOut(clerk, code))

    def attest(self, number: str, pin: str, role: Role) -> ReviewKey:
        """Return the key for a second signature, of another person than who is signed in, of this role.

        Who is signed in stays so. Raises as `sign_in`, and StaffError(STAFF_SAME_PERSON, STAFF_ROLE).
        """
        with self._lock:
            if self._clerk is not None and self._clerk.number == number:
                self._record(StaffAction.ATTEST, number, Code.STAFF_SAME_PERSON)
                raise StaffError(Code.STAFF_SAME_PERSON, "two signatures need two people")
            key = self._unlock_key(StaffAction.ATTEST, number, pin)
            if role is Role.SUPERVISOR and key.clerk.role is not Role.SUPERVISOR:
                self._record(StaffAction.ATTEST, number, Code.STAFF_ROLE)
                raise StaffError(Code.STAFF_ROLE, "a supervisor is needed")
        self._record(StaffAction.ATTEST, number, Code.OK)
        return key

    def _unlock_key(self, action: StaffAction, number: str, pin: str) -> ReviewKey:
        """Count a failure, unwrap, reset the count; in this order: a power cut gives no more tries."""
        now = self._clock_unix()
        member, name, forgiven = None, UNKNOWN_NUMBER, 0.0
        try:
            member = next((m for m in self._read_valid(now).members if m.number == number), None)
            if member is not None:
                name, forgiven = member.number, member.unlocked_unix
            if self._lockout.locked_for(name, now, forgiven) > 0:
                raise StaffError(Code.STAFF_LOCKED, "too many failures")
            self._lockout.count_failure(name, now, forgiven)
            private = review_key.unwrap(pin, number, member.key if member else review_key.UNKNOWN)
            if private is None or member is None:
                locked = self._lockout.locked_for(name, now, forgiven) > 0
                raise StaffError(Code.STAFF_LOCKED if locked else Code.STAFF_REFUSED)
        except StaffError as error:
            self._record(action, name, error.code)
            raise
        self._lockout.reset(name)
        return ReviewKey(Clerk(member.number, member.role), self._issuer().terminal, private)

    # ── locked numbers ───────────────────────────────────────────────────────────────────────────

    def locked(self) -> dict[str, float]:
        """Return the numbers that are locked now and the seconds left. Raises StaffError."""
        now = self._clock_unix()
        with self._lock:
            forgiven = {m.number: m.unlocked_unix for m in self._read_valid(now).members}
            left = {
                number: self._lockout.locked_for(number, now, forgiven.get(number, 0.0))
                for number in self._lockout.locked(now)
            }
        return {number: seconds for number, seconds in left.items() if seconds > 0}

    def unlock(self, number: str) -> None:
        """Reset a number's failures. Raises StaffError(STAFF_ROLE) unless a supervisor is signed in."""
        with self._lock:
            clerk = self.signed_in
            if clerk is None or clerk.role is not Role.SUPERVISOR:
                raise StaffError(Code.STAFF_ROLE, "only a supervisor unlocks")
            self._lockout.reset(number)
        self._record(StaffAction.UNLOCK, clerk.number, Code.OK)

    # ── the roster itself ────────────────────────────────────────────────────────────────────────

    def state(self) -> Code:
        """Return OK, or why nobody can sign in."""
        try:
            with self._lock:
                self._read_valid(self._clock_unix())
        except StaffError as error:
            return error.code
        return Code.OK

    def expires_unix(self) -> float | None:
        """Return until when signing in works without contact to central; None where there is no roster."""
        try:
            roster = self._read()
        except StaffError:
            return None
        return min(roster.exp, roster.iat + self._offline_s)

    def accept(self, token: str, *, online: bool = False) -> bool:
        """Keep a roster from central, if it is valid and not older than any seen here; return whether it is.

        `online`: it comes straight from central, so it also sets right what is known of the time. Who is
        signed in and is no longer on it is signed out. Raises StaffError, IdentityError.
        """
        with self._lock:
            new, now = self._decode(token), self._clock_unix()
            if new.iat < self._memory.issued_unix:
                log.warning("a roster older than the one here was not taken")
                return False
            fresh = online and new.iat > self._memory.issued_unix
            roster_document.check_time(new, now, now if fresh else self._memory.latest(now), self._offline_s)
            old: RosterDocument | None = None
            with suppress(StaffError):
                old = self._read()
            try:
                make_private(self._path.parent)
                write_whole(self._path, token.encode("ascii"))
            except OSError as error:
                code = storage_code(error, Code.STAFF_UNKEPT)
                raise StaffError(code, f"{ROSTER_FILE}: {type(error).__name__}") from None
            self._memory.accept(
                new.iat, now, changed=old is None or old.members != new.members, online=online
            )
            clerk = self._clerk
            gone = clerk is not None and not any(
                (member.number, member.role) == (clerk.number, clerk.role) for member in new.members
            )
        if gone:
            self.sign_out(Code.STAFF_REFUSED)
        return True

    def _read_valid(self, now: float) -> RosterDocument:
        """Return the roster on disk. Raises StaffError if it is missing, altered, old, expired or empty."""
        roster = self._read()
        if not 0 < self._memory.issued_unix <= roster.iat:
            raise StaffError(Code.STAFF_ROSTER_OLD, "a newer one was here, or none is known to have been")
        roster_document.check_time(roster, now, self._memory.latest(now), self._offline_s)
        if not roster.members:
            raise StaffError(Code.STAFF_NONE, "the roster is empty")
        return roster

    def _read(self) -> RosterDocument:
        try:
            token = read_regular(self._path, MAX_ROSTER_BYTES).decode("ascii")
        except FileNotFoundError:
            raise StaffError(Code.STAFF_NONE, "no roster came from central yet") from None
        except (OSError, UnicodeDecodeError) as error:
            code = storage_code(error, Code.STAFF_ROSTER_ALTERED)
            raise StaffError(code, f"{ROSTER_FILE}: {type(error).__name__}") from None
        return self._decode(token)

    def _decode(self, token: str) -> RosterDocument:
        issuer = self._issuer()
        return roster_document.read(token, issuer.key, issuer.terminal)
