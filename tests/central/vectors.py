"""Makes `resources/protocol/vectors.json`. Sealing is random, so each run gives another file: run it rarely.

python -m tests.central.vectors > resources/protocol/vectors.json
"""

import base64
import hashlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from central.protocol.examples import ALL, VISIT
from tests.support import terminal_keys
from tests.support.review_signer import key_of, signed_text
from tests.support.terminal_keys import Key, base64url

NOTE = (
    "Throw-away keys and a made-up person; `d` and `private` are base64url of 32 bytes (RFC 8037, RFC 7518)."
)

PURPOSES: dict[str, dict[str, None]] = {
    "new_phone": {"password": None}, "end": {"phone": None, "password": None},
}  # fmt: skip
"""What a request for another purpose than opening a credential lacks."""


def vectors() -> dict[str, Any]:
    terminal, challenge, sealing = (
        hashlib.sha256(name).digest() for name in (b"terminal", b"challenge", b"sealing")
    )
    return {
        "note": NOTE,
        "request": _request(Ed25519PrivateKey.from_private_bytes(terminal)),
        "request_p256": _request(ec.derive_private_key(int.from_bytes(terminal), ec.SECP256R1())),
        "challenge": {
            "key": _jwk(Ed25519PrivateKey.from_private_bytes(challenge)),
            "claims": ALL["challenge-claims"],
            "token": _sign(ALL["challenge-claims"], challenge),
        },
        "clerk_key": _clerk_key(),
        "review": _review(),
        "password": {"typed": "20486173", "stretched": ALL["person"]["password"]},
        "sealed": _sealed(X25519PrivateKey.from_private_bytes(sealing), ALL["person"], 2),
        "sealed_version_1": _sealed(
            X25519PrivateKey.from_private_bytes(sealing), ALL["person"] | {"password": "20486173"}, 1
        ),
        **{
            f"sealed_{purpose}": _sealed(
                X25519PrivateKey.from_private_bytes(sealing),
                ALL["person"] | {"purpose": purpose} | without,
                2,
            )
            for purpose, without in PURPOSES.items()
        },
        "sealed_sm": _sealed_sm(sealing),
    }


def _request(key: Key) -> dict[str, Any]:
    """Return a signed `POST /v1/challenges` (RFC 9421) with the signature base."""
    body = '{"count":25}'
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    inputs = (
        '("@method" "@path" "@query" "content-digest");created=1784512000;expires=1784512060'
        ';nonce="5d9c68c6c50ed3d02a2fcf54f63993b6";keyid="GZ-009"'
        f';alg="{terminal_keys.algorithm(key)}";tag="kiosk"'
    )
    base = (
        f'"@method": POST\n"@path": /v1/challenges\n"@query": ?\n"content-digest": sha-256=:{digest}:\n'
        f'"@signature-params": {inputs}'
    )
    signature = base64.b64encode(terminal_keys.signature(key, base.encode())).decode()
    headers = {
        "Content-Digest": f"sha-256=:{digest}:",
        "Signature-Input": f"sig={inputs}",
        "Signature": f"sig=:{signature}:",
    }
    return {"key": _jwk(key), "body": body, "base": base, "headers": headers}


def _clerk_key() -> dict[str, Any]:
    """Return the wrapped key of the example roster, with the PIN that unwraps it."""
    (member,) = ALL["roster-claims"]["members"]
    private = key_of(member["number"]).private_bytes_raw()
    return {
        "number": member["number"],
        "pin": "730518",
        "key": member["key"],
        "associated_data": f"kiosk-clerk-key-v1|{member['number']}|{member['key']['public']}",
        "private": base64url(private),
    }


def _review() -> dict[str, Any]:
    """Return the review of the example request, whose signature is the clerk's, and what it signs."""
    (review,) = ALL["activation-request"]["reviews"]
    return {
        "key": _jwk(key_of(review["first"]["clerk"])),
        "terminal": "GZ-009",
        "id": VISIT,
        "review": review,
        "first": signed_text(review, "first", VISIT, "GZ-009"),
    }


def _sign(claims: dict[str, Any], secret: bytes) -> str:
    return jwt.encode(claims, Ed25519PrivateKey.from_private_bytes(secret), algorithm="EdDSA")


def _jwk(key: Key) -> dict[str, str]:
    if isinstance(key, Ed25519PrivateKey):
        secret = key.private_bytes_raw()
    else:
        secret = key.private_numbers().private_value.to_bytes(32)
    return terminal_keys.public_jwk(key) | {"d": base64url(secret)}


def _sealed(key: X25519PrivateKey, person: dict[str, Any], version: int) -> dict[str, Any]:
    plain = json.dumps(person, ensure_ascii=False, separators=(",", ":"))
    info = f"kiosk-activation-v{version}|{VISIT}|GZ-009"
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
    info = f"kiosk-activation-v2|{VISIT}|GZ-009"
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
