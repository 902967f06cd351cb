"""Clerks' signatures as the protocol's README describes them, with nothing of ours behind them."""

import copy
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Keys = Mapping[str, Ed25519PrivateKey]


def key_of(clerk: str) -> Ed25519PrivateKey:
    """The key of a made-up clerk: the same in every test."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"clerk {clerk}".encode()).digest())


def public_key(clerk: str, keys: Keys | None = None) -> str:
    """The `x` of that clerk's key, as central stores it."""
    return _base64url(_key(clerk, keys).public_key().public_bytes_raw())


def commitment(who: dict[str, Any]) -> str:
    """What clerks sign for this person of a sealed part."""
    return hashlib.sha256(
        "|".join(("kiosk-person-v1", who["salt"], who["number"], who["name"])).encode()
    ).hexdigest()


def signed(
    review: dict[str, Any],
    visit: str = "7K2M-Q4XR-09TB-HC5D",
    terminal: str = "GZ-009",
    keys: Keys | None = None,
) -> dict[str, Any]:
    """The review with its signatures; `keys`: those of clerks who are not made up."""
    made = copy.deepcopy(review)
    for place in ("first", "second"):
        if made[place] is not None:
            text = signed_text(made, place, visit, terminal)
            made[place]["signature"] = _base64url(_key(made[place]["clerk"], keys).sign(text.encode()))
    return made


def signed_text(review: dict[str, Any], place: str, visit: str, terminal: str) -> str:
    """What is signed in that place of the review."""
    signer = review[place]
    fields = [
        "kiosk-review-v2",
        terminal,
        visit,
        review.get("challenge") or "",
        ",".join(review.get("persons", [])),
        review["code"],
        review["decision"],
        review["reason"],
        ",".join(review["overruled"]),
        place,
        signer["clerk"],
        signer["role"],
        f"{signer['at_unix']:.3f}",
    ]
    return "|".join(fields)


def wrapped(clerk: str, pin: str) -> dict[str, Any]:
    """A made-up clerk's key as a roster carries it, at the least cost: it travels along."""
    cost = {"salt": _base64url(b"s" * 16), "memory_kib": 8, "passes": 1, "lanes": 1}
    key, nonce = cost | {"public": public_key(clerk)}, b"n" * 12
    raw = AESGCM(_derived(key, pin)).encrypt(nonce, key_of(clerk).private_bytes_raw(), _bound_to(clerk, key))
    return key | {"wrapped": _base64url(nonce + raw)}


def unwrapped(member: dict[str, Any], pin: str) -> Ed25519PrivateKey:
    """The private key of a member of a roster. Raises InvalidTag if the PIN is another."""
    key = member["key"]
    raw = _from_base64url(key["wrapped"])
    private = AESGCM(_derived(key, pin)).decrypt(raw[:12], raw[12:], _bound_to(member["number"], key))
    return Ed25519PrivateKey.from_private_bytes(private)


def _derived(key: dict[str, Any], pin: str) -> bytes:
    return hash_secret_raw(
        pin.encode(),
        _from_base64url(key["salt"]),
        time_cost=key["passes"],
        memory_cost=key["memory_kib"],
        parallelism=key["lanes"],
        hash_len=32,
        type=Type.ID,
    )


def _bound_to(clerk: str, key: dict[str, Any]) -> bytes:
    return f"kiosk-clerk-key-v1|{clerk}|{key['public']}".encode()


def _key(clerk: str, keys: Keys | None) -> Ed25519PrivateKey:
    return (keys or {}).get(clerk) or key_of(clerk)


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
