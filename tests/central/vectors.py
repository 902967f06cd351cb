"""Makes `resources/protocol/vectors.json`, rarely: sealing is random, so each run gives another file.

python -m tests.central.vectors > resources/protocol/vectors.json
"""

import hashlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from central.examples import ALL, VISIT
from tests.central.terminal import base64url

NOTE = "Throw-away keys and a made-up person; `d` and `private` are base64url of 32 bytes (RFC 8037)."


def vectors() -> dict[str, Any]:
    terminal, challenge, sealing = (
        hashlib.sha256(name).digest() for name in (b"terminal", b"challenge", b"sealing")
    )
    body = '{"count":25}'
    claims = {
        "iss": "GZ-009",
        "aud": "central",
        "iat": 1784512000,
        "exp": 1784512060,
        "jti": "5d9c68c6c50ed3d02a2fcf54f63993b6",
        "htm": "POST",
        "htu": "/v1/challenges",
        "bsh": base64url(hashlib.sha256(body.encode()).digest()),
    }
    return {
        "note": NOTE,
        "request": {"key": _jwk(terminal), "body": body, "claims": claims, "token": _sign(claims, terminal)},
        "challenge": {
            "key": _jwk(challenge),
            "claims": ALL["challenge-claims"],
            "token": _sign(ALL["challenge-claims"], challenge),
        },
        "sealed": _sealed(X25519PrivateKey.from_private_bytes(sealing)),
    }


def _sign(claims: dict[str, Any], secret: bytes) -> str:
    return jwt.encode(claims, Ed25519PrivateKey.from_private_bytes(secret), algorithm="EdDSA")


def _jwk(secret: bytes) -> dict[str, str]:
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(public), "d": base64url(secret)}


def _sealed(key: X25519PrivateKey) -> dict[str, Any]:
    plain = json.dumps(ALL["person"], ensure_ascii=False, separators=(",", ":"))
    info = f"kiosk-activation-v1|{VISIT}|GZ-009"
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return {
        "private": base64url(key.private_bytes_raw()),
        "public": base64url(key.public_key().public_bytes_raw()),
        "id": VISIT,
        "terminal": "GZ-009",
        "info": info,
        "plain": plain,
        "data": base64url(suite.encrypt(plain.encode(), key.public_key(), info.encode())),
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), ensure_ascii=False, indent=2))
