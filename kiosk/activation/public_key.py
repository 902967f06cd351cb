"""What follows from the terminal's public key as `kiosk.ports.KeyStore` returns it: JWK and algorithms.

The length tells the kind: 32 bytes are Ed25519 (RFC 8032), 64 bytes are the point x ‖ y of P-256, the curve
that TPMs know. Signatures have 64 bytes with either: with P-256 r ‖ s, as RFC 9421 and JWS have them.
"""

from http_message_signatures import HTTPSignatureAlgorithm, algorithms
from msgspec import Struct

from kiosk.activation.encoding import to_base64url
from kiosk.activation.messages import EcJwk, Jwk

ED25519_BYTES = 32
P256_BYTES = 64


class KeyDescription(Struct, frozen=True, kw_only=True):
    """A public key on the wire. `text`: the whole key in one word, as the proof of a rotation names it."""

    jwk: Jwk | EcJwk
    text: str
    http_algorithm: type[HTTPSignatureAlgorithm]
    jwt_algorithm: str


def describe_key(public: bytes) -> KeyDescription:
    """Return what the wire needs to know of this key. Raises ValueError."""
    if len(public) == ED25519_BYTES:
        text = to_base64url(public)
        return KeyDescription(
            jwk=Jwk(text), text=text, http_algorithm=algorithms.ED25519, jwt_algorithm="EdDSA"
        )
    if len(public) == P256_BYTES:
        x, y = public[:32], public[32:]
        return KeyDescription(
            jwk=EcJwk(to_base64url(x), to_base64url(y)),
            text=to_base64url(bytes([2 + y[-1] % 2]) + x),  # SEC 1, compressed
            http_algorithm=algorithms.ECDSA_P256_SHA256,
            jwt_algorithm="ES256",
        )
    raise ValueError(f"a public key of {len(public)} bytes")
