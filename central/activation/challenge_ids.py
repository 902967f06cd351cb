"""Ids of challenges that central can tell from invented ones without having stored them.

    <expiry: 8 hex> <random: 24 hex> <code: 24 hex>

The code is HMAC-SHA-256, cut to 96 bits, over terminal, expiry and random part, under the key that signs
challenges. A database that was restored from a backup lacks the challenges that were issued since, and
terminals hold some for a week: without the code each visit that read one of them would be refused.
"""

import hmac
import re
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_FORM = re.compile(r"([0-9a-f]{8})([0-9a-f]{24})([0-9a-f]{24})")


def new(key: Ed25519PrivateKey, terminal: str, expires_unix: int) -> str:
    """Return a new id for a challenge of this terminal, which expires then."""
    expiry, random = f"{expires_unix:08x}", secrets.token_hex(12)
    return expiry + random + _code(key, terminal, expiry + random)


def expiry(key: Ed25519PrivateKey, terminal: str, id: str) -> int | None:
    """Return when the challenge of this id expires (Unix time); None if it was not made for the terminal."""
    parts = _FORM.fullmatch(id)
    if parts is None or not hmac.compare_digest(_code(key, terminal, parts[1] + parts[2]), parts[3]):
        return None
    return int(parts[1], 16)


def _code(key: Ed25519PrivateKey, terminal: str, named: str) -> str:
    message = f"central-challenge-id-v1|{terminal}|{named}".encode()
    return hmac.digest(key.private_bytes_raw(), message, "sha256")[:12].hex()
