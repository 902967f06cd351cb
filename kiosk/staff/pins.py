"""Check PINs against argon2id hashes. An unknown number takes as long as a wrong PIN."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

HASHER = PasswordHasher(time_cost=2, memory_cost=65_536, parallelism=1, type=Type.ID)
"""As central hashes (RFC 9106: argon2id; 64 MiB). `python -m benchmarks pin` measures what it costs."""
_UNKNOWN = "$argon2id$v=19$m=65536,t=2,p=1$UWgLSGIroQ0S66i966OgHw$P2kUKTN9Zfs27wxI/qbJcv5ny9xUAZhaEbeNRimGsLI"
"""The hash of a random string that was thrown away."""


def matches(pin: str, known: str | None) -> bool:
    """Return whether the PIN has the hash `known`; None is for an unknown number and takes as long."""
    try:
        good = HASHER.verify(known or _UNKNOWN, pin)
    except (VerificationError, InvalidHashError):
        return False
    return good and known is not None
