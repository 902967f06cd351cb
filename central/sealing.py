"""Opening what a terminal sealed: HPKE (RFC 9180), base mode, single shot.

The visit and the terminal are bound through `info`, as RFC 9180 §8.1 asks of users of the single-shot API.
"""

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import ValidationError

from central.keys import from_base64url
from central.messages import Person, Sealed

ALGORITHM: Final = "HPKE-X25519-SHA256-AES256GCM"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Unsealable(Exception):  # noqa: N818
    """It does not open, or holds something else than agreed. Never says what."""


def info(visit: str, terminal: str) -> bytes:
    return f"kiosk-activation-v1|{visit}|{terminal}".encode()


def open_sealed(sealed: Sealed, visit: str, terminal: str, keys: Mapping[str, X25519PrivateKey]) -> Person:
    """The person. Raises Unsealable."""
    key = keys.get(sealed.key)
    if key is None or sealed.algorithm != ALGORITHM:
        raise Unsealable("unknown key or algorithm")
    try:
        plain = SUITE.decrypt(from_base64url(sealed.data), key, info(visit, terminal))
        return Person.model_validate_json(plain)
    except (InvalidTag, ValidationError, ValueError):
        raise Unsealable("does not open, or is not of the agreed form") from None
