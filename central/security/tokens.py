"""Signed tokens (JWS, EdDSA) of which central makes many at once."""

import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.security.encoding import base64url

_HEADER = base64url(b'{"alg":"EdDSA","typ":"JWT"}')


def sign(claims: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """Return the compact form of a JSON Web Token (RFC 7519) with these claims."""
    payload = base64url(json.dumps(claims, separators=(",", ":")).encode())
    signed = f"{_HEADER}.{payload}"
    return f"{signed}.{base64url(key.sign(signed.encode()))}"
