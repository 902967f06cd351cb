"""Public keys of terminals: in one word as they are stored, and with the only algorithm that verifies them.

An Ed25519 key is stored as the `x` of its JWK (32 bytes), one of P-256 as its compressed point (SEC 1, 33
bytes), both in base64url; so the stored key itself tells its kind, and a request has no say in the algorithm.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSignaturesException, HTTPSignatureAlgorithm, algorithms

from central.protocol.messages import EcPublicKey, PublicKey
from central.security.encoding import base64url, from_base64url
from central.security.keys import public_of


@dataclass(frozen=True)
class VerifyingKey:
    """A terminal's public key and the algorithm of its signatures, as RFC 9421 and as JWS name it."""

    public: Ed25519PublicKey | ec.EllipticCurvePublicKey
    http_algorithm: type[HTTPSignatureAlgorithm]
    jwt_algorithm: str

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether this key made the signature (64 bytes) over the message."""
        try:
            self.http_algorithm(public_key=self.public).verify(signature, message)
        except (InvalidSignature, HTTPMessageSignaturesException):
            return False
        return True


def stored_form(key: PublicKey | EcPublicKey) -> str:
    """Return the key in one word, at most 44 characters."""
    if isinstance(key, PublicKey):
        return key.x
    return base64url(key.point().public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def load_key(stored: str) -> VerifyingKey:
    """Return the key of this stored form. Raises ValueError."""
    raw = from_base64url(stored)
    if len(raw) == 33:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        return VerifyingKey(point, algorithms.ECDSA_P256_SHA256, "ES256")
    return VerifyingKey(public_of(stored), algorithms.ED25519, "EdDSA")
