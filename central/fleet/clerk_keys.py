"""Key pairs with which clerks sign their decisions; each goes with a PIN and ends with it.

The private key is wrapped by a key derived from the PIN and travels with the roster; PIN and private key are
stored nowhere. The public keys stay, with their periods, for decisions that arrive late. See
docs/decisions/0012.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.security.encoding import base64url
from central.storage.tables import ClerkKey

LABEL = "kiosk-clerk-key-v1"
NONCE_BYTES, SALT_BYTES, KEY_BYTES = 12, 16, 32


@dataclass(frozen=True)
class Argon2Cost:
    """Cost of deriving a key from a PIN with argon2id; travels beside each wrapped key."""

    memory_kib: int
    passes: int
    lanes: int


COST = Argon2Cost(memory_kib=65_536, passes=2, lanes=1)
"""The terminal pays as much at each sign-in; docs/decisions/0007 has what it was measured to cost."""


def replace(session: Session, number: str, pin: str, now: float) -> None:
    """End a clerk's key and make the one that goes with the new PIN, valid from now on."""
    end(session, number, now)
    key = Ed25519PrivateKey.generate()
    public = base64url(key.public_key().public_bytes_raw())
    wrapped = json.dumps(_wrap(key, number, public, pin))
    session.add(ClerkKey(public_key=public, clerk=number, from_unix=now, wrapped=wrapped))


def end(session: Session, number: str, now: float) -> None:
    """End a clerk's key: what is signed with it later does not count. The wrapped private key is erased."""
    query = select(ClerkKey).where(ClerkKey.clerk == number, ClerkKey.until_unix.is_(None))
    for key in session.scalars(query):
        key.until_unix, key.wrapped = now, ""


def _wrap(key: Ed25519PrivateKey, number: str, public: str, pin: str) -> dict[str, Any]:
    """Return the key as the roster carries it; the protocol's README defines the form."""
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    derived = hash_secret_raw(
        pin.encode(),
        salt,
        time_cost=COST.passes,
        memory_cost=COST.memory_kib,
        parallelism=COST.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )
    bound_to = f"{LABEL}|{number}|{public}".encode()
    return {
        "public": public,
        "wrapped": base64url(nonce + AESGCM(derived).encrypt(nonce, key.private_bytes_raw(), bound_to)),
        "salt": base64url(salt),
        "memory_kib": COST.memory_kib,
        "passes": COST.passes,
        "lanes": COST.lanes,
    }
