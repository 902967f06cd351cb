"""Terminals' keys of both kinds as the protocol's README describes them, with nothing of ours behind it."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Key = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
ED25519, P256 = "ed25519", "ecdsa-p256-sha256"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key(algorithm: str) -> Key:
    return Ed25519PrivateKey.generate() if algorithm == ED25519 else ec.generate_private_key(ec.SECP256R1())


def algorithm(key: Key) -> str:
    return ED25519 if isinstance(key, Ed25519PrivateKey) else P256


def public_jwk(key: Key) -> dict[str, str]:
    if isinstance(key, Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_key().public_bytes_raw())}
    point = key.public_key().public_numbers()
    x, y = (base64url(number.to_bytes(32)) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def key_text(key: Key) -> str:
    """The key in one word, as the proof of a rotation names it."""
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        return base64url(public.public_bytes_raw())
    return base64url(public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def signature(key: Key, message: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)
