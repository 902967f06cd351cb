"""Sealing the personal part to central: what lies on the terminal's disk, the terminal cannot read.

HPKE (RFC 9180), base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; `enc` is put
before the ciphertext (48 bytes more than the plaintext). The visit and the terminal are bound through
`info`, as RFC 9180 §8.1 asks of users of the single-shot API: a sealed part cannot be moved elsewhere.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.activation.encoding import from_base64url, to_base64url
from kiosk.activation.messages import Sealed, SealingKey
from kiosk.codes import Code
from kiosk.errors import IdentityError

ALGORITHM = "HPKE-X25519-SHA256-AES256GCM"


class Sealer:
    """Seals to one key of central's."""

    def __init__(self, key: SealingKey) -> None:
        """Raises IdentityError for a key or an algorithm that we cannot use."""
        if key.algorithm != ALGORITHM:
            raise IdentityError(Code.IDENTITY_MISSING, f"unknown sealing algorithm {key.algorithm!r}")
        self._id = key.key
        try:
            self._public = X25519PublicKey.from_public_bytes(from_base64url(key.public))
            self._suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise IdentityError(Code.IDENTITY_MISSING, f"unusable sealing key: {error}") from None

    def seal(self, plaintext: bytes, visit: str, terminal: str) -> Sealed:
        """Only central opens it, and only as part of this visit at this terminal."""
        info = f"kiosk-activation-v1|{visit}|{terminal}".encode()
        return Sealed(self._id, ALGORITHM, to_base64url(self._suite.encrypt(plaintext, self._public, info)))
