"""Makes `resources/protocol/vectors.json`. Sealing is random, so each run gives another file: run it rarely.

python -m tests.central.vectors > resources/protocol/vectors.json
"""

import base64
import hashlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from central.protocol.examples import ALL, VISIT
from tests.support.protocol_terminal import base64url

NOTE = "Throw-away keys and a made-up person; `d` and `private` are base64url of 32 bytes (RFC 8037)."


def vectors() -> dict[str, Any]:
    terminal, challenge, sealing = (
        hashlib.sha256(name).digest() for name in (b"terminal", b"challenge", b"sealing")
    )
    return {
        "note": NOTE,
        "request": _request(terminal),
        "challenge": {
            "key": _jwk(challenge),
            "claims": ALL["challenge-claims"],
            "token": _sign(ALL["challenge-claims"], challenge),
        },
        "sealed": _sealed(X25519PrivateKey.from_private_bytes(sealing)),
        "sealed_sm": _sealed_sm(sealing),
    }


def _request(secret: bytes) -> dict[str, Any]:
    """Return a signed `POST /v1/challenges` (RFC 9421) with the signature base."""
    body, key = '{"count":25}', Ed25519PrivateKey.from_private_bytes(secret)
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    inputs = (
        '("@method" "@path" "@query" "content-digest");created=1784512000;expires=1784512060'
        ';nonce="5d9c68c6c50ed3d02a2fcf54f63993b6";keyid="GZ-009";alg="ed25519";tag="kiosk"'
    )
    base = (
        f'"@method": POST\n"@path": /v1/challenges\n"@query": ?\n"content-digest": sha-256=:{digest}:\n'
        f'"@signature-params": {inputs}'
    )
    signature = base64.b64encode(key.sign(base.encode())).decode()
    headers = {
        "Content-Digest": f"sha-256=:{digest}:",
        "Signature-Input": f"sig={inputs}",
        "Signature": f"sig=:{signature}:",
    }
    return {"key": _jwk(secret), "body": body, "base": base, "headers": headers}


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


def _sealed_sm(secret: bytes) -> dict[str, Any]:
    """Return a part sealed with SM2-SM4GCM.

    n (2 bytes) ‖ SM2 ciphertext (n, DER) ‖ nonce (12) ‖ SM4-GCM ciphertext, tag.
    """
    import gmssl_pyx

    public, private = gmssl_pyx.sm2_key_generate()
    plain = json.dumps(ALL["person"], ensure_ascii=False, separators=(",", ":"))
    info = f"kiosk-activation-v1|{VISIT}|GZ-009"
    key, nonce = secret[:16], secret[16:28]
    content, tag = gmssl_pyx.sm4_gcm_encrypt(key, nonce, info.encode(), plaintext=plain.encode())
    wrapped = bytes(gmssl_pyx.sm2_encrypt(public, key))
    return {
        "private": base64url(private),
        "public": base64url(public),
        "id": VISIT,
        "terminal": "GZ-009",
        "info": info,
        "plain": plain,
        "data": base64url(len(wrapped).to_bytes(2, "big") + wrapped + nonce + content + tag),
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), ensure_ascii=False, indent=2))
