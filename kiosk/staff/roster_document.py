"""The roster as central signs it: who may sign in at this terminal, and until when that may be believed.

A JWT (EdDSA, central's challenge key) of type `roster+jwt`. It is checked whole each time it is read from
the disk, so an edited file is refused; and it ends by itself, so a terminal that is cut off forgets in time
whom central has dismissed.
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

TYPE = "roster+jwt"
AHEAD_S = 300.0
"""A roster dated so far in the future was signed by another clock than the one that reads it."""

Number = Annotated[str, Meta(pattern=r"^[0-9]{4,7}$")]
Unix = Annotated[float, Meta(ge=0)]


class Member(Struct, frozen=True):
    """`pin`: an argon2id hash in PHC form. `unlocked_unix`: failures before this time are forgiven."""

    number: Number
    role: Role
    pin: str
    unlocked_unix: Unix = 0.0

    def __repr__(self) -> str:
        return f"Member({self.number})"


class RosterDocument(Struct, frozen=True):
    """What central signed for one terminal."""

    iat: Unix
    exp: Unix
    members: tuple[Member, ...]


def read(token: str, key: Ed25519PublicKey, terminal: str) -> RosterDocument:
    """Raises StaffError(STAFF_ROSTER_ALTERED): not central's, not for this terminal, not readable."""
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
    if not (isfinite(document.iat) and isfinite(document.exp)) or _doubled(document):
        raise _altered("it contradicts itself")
    return document


def check_time(document: RosterDocument, now: float, offline_s: float) -> None:
    """Raises StaffError(STAFF_ROSTER_EXPIRED) when central's word, or the site's patience, has run out."""
    if not document.iat - AHEAD_S <= now < min(document.exp, document.iat + offline_s):
        raise StaffError(Code.STAFF_ROSTER_EXPIRED, "central has not confirmed it for too long")


def _doubled(document: RosterDocument) -> bool:
    return len({member.number for member in document.members}) < len(document.members)


def _altered(detail: str) -> StaffError:
    return StaffError(Code.STAFF_ROSTER_ALTERED, detail)
