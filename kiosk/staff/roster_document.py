"""Read the roster as central signs it: who may sign in at this terminal, and until when it is valid.

A JWT (EdDSA, central's challenge key) of type `roster+jwt`. It is checked whole each time it is read from
the disk, so an edited file is refused; and it expires, so that a terminal without a connection does not let
in for ever whom central has dismissed.
"""

from math import isfinite
from typing import Annotated

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options
from msgspec import Meta, Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, StaffError
from kiosk.model import Role
from kiosk.staff.review_key import WrappedKey

TYPE = "roster+jwt"
AHEAD_S = 300.0
"""Clocks may differ by this much: a roster may seem to be issued in the future."""

Number = Annotated[str, Meta(pattern=r"^[0-9]{4,7}$")]
Unix = Annotated[float, Meta(ge=0)]


class Member(Struct, frozen=True, kw_only=True):
    """A clerk or supervisor. The PIN unwraps `key`; failures before `unlocked_unix` are forgiven."""

    number: Number
    role: Role
    key: WrappedKey
    unlocked_unix: Unix = 0.0

    def __repr__(self) -> str:
        return f"Member({self.number})"


class RosterDocument(Struct, frozen=True):
    """What central signed for one terminal."""

    iat: Unix
    exp: Unix
    members: tuple[Member, ...]


def read(token: str, key: Ed25519PublicKey, terminal: str) -> RosterDocument:
    """Check signature, audience and form of a token and return the roster.

    Raises StaffError(STAFF_ROSTER_ALTERED). The times are left to `check_time`.
    """
    # The times are judged by the caller's clock, not by PyJWT's.
    options: Options = {
        "require": ["iss", "aud", "iat", "exp", "members"],
        "verify_exp": False,
        "verify_iat": False,
    }
    try:
        if jwt.get_unverified_header(token).get("typ") != TYPE:
            raise _altered("not a roster")
        raw = jwt.decode(
            token, key, algorithms=["EdDSA"], audience=terminal, issuer="central", options=options
        )
        document = msgspec.convert(raw, RosterDocument)
    except (jwt.PyJWTError, *UNREADABLE) as error:
        raise _altered(type(error).__name__) from None
    numbers = {member.number for member in document.members}
    if not (isfinite(document.iat) and isfinite(document.exp)) or len(numbers) < len(document.members):
        raise _altered("it contradicts itself")
    return document


def check_time(document: RosterDocument, now: float, latest: float, offline_s: float) -> None:
    """Check that the roster has not expired, and was issued at most `offline_s` seconds ago.

    `latest`: the latest time seen, later than `now` if the clock was set back. Raises
    StaffError(STAFF_ROSTER_EXPIRED), also for one that was issued in the future.
    """
    good_until = min(document.exp, document.iat + offline_s)
    if not (document.iat - AHEAD_S <= now < good_until and latest < good_until):
        raise StaffError(Code.STAFF_ROSTER_EXPIRED, "central has not confirmed it for too long")


def _altered(detail: str) -> StaffError:
    return StaffError(Code.STAFF_ROSTER_ALTERED, detail)
