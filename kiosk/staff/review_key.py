"""Unwrap a clerk's private key with the PIN, and sign one decision of a review with it.

Unwrapping is also the check of the PIN: it succeeds with no other. See docs/decisions/0012.
"""

from typing import Annotated

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta, Struct

from kiosk.activation.encoding import from_base64url, to_base64url
from kiosk.events import SignReview
from kiosk.model import Clerk, Signature

KEY_LABEL, REVIEW_LABEL = "kiosk-clerk-key-v1", "kiosk-review-v2"
NONCE_BYTES, KEY_BYTES = 12, 32


class WrappedKey(Struct, frozen=True, kw_only=True):
    """A clerk's key pair as the roster carries it; the last three are argon2id's cost."""

    public: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$")]
    wrapped: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{80}$")]
    salt: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}$")]
    memory_kib: Annotated[int, Meta(ge=8, le=1_048_576)]
    passes: Annotated[int, Meta(ge=1, le=16)]
    lanes: Annotated[int, Meta(ge=1, le=16)]

    def __repr__(self) -> str:
        return "WrappedKey(…)"


UNKNOWN = WrappedKey(public="A" * 43, wrapped="A" * 80, salt="A" * 22, memory_kib=65_536, passes=2, lanes=1)
"""Stands for the key of a number that is not on the roster: no PIN opens it, and trying costs the same."""


class ReviewKey:
    """The private key of a clerk whose PIN was right, until `sign` or `drop`."""

    def __init__(self, clerk: Clerk, terminal: str, private: Ed25519PrivateKey) -> None:
        self.clerk = clerk
        self._terminal = terminal
        self._private: Ed25519PrivateKey | None = private

    def sign(self, order: SignReview, at_unix: float) -> Signature:
        """Sign this decision at this time, and drop the key. Raises ValueError if it was used before."""
        private, self._private = self._private, None
        if private is None:
            raise ValueError("a key signs once")
        at_unix = round(at_unix, 3)
        signed = signed_bytes(order, clerk=self.clerk, terminal=self._terminal, at_unix=at_unix)
        signature = to_base64url(private.sign(signed))
        return Signature(clerk=self.clerk.number, role=self.clerk.role, at_unix=at_unix, signature=signature)

    def drop(self) -> None:
        """Forget the private key: OpenSSL overwrites it as it is freed."""
        self._private = None


def unwrap(pin: str, number: str, key: WrappedKey) -> Ed25519PrivateKey | None:
    """Return the private key of clerk `number`; None if the PIN is another."""
    try:
        derived = hash_secret_raw(
            pin.encode(),
            from_base64url(key.salt),
            time_cost=key.passes,
            memory_cost=key.memory_kib,
            parallelism=key.lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    except HashingError:
        return None
    raw, private = from_base64url(key.wrapped), bytearray(KEY_BYTES)
    bound_to = f"{KEY_LABEL}|{number}|{key.public}".encode()
    try:
        AESGCM(derived).decrypt_into(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to, private)
        return Ed25519PrivateKey.from_private_bytes(private)
    except InvalidTag:
        return None
    finally:
        private[:] = bytes(KEY_BYTES)


def signed_bytes(order: SignReview, *, clerk: Clerk, terminal: str, at_unix: float) -> bytes:
    """Return what is signed, as resources/protocol/README.md defines it."""
    fields = (
        REVIEW_LABEL,
        terminal,
        order.visit,
        order.challenge or "",
        ",".join(order.persons),
        order.code,
        order.decision,
        order.reason,
        ",".join(order.overruled),
        "second" if order.second else "first",
        clerk.number,
        clerk.role,
        f"{at_unix:.3f}",
    )
    return "|".join(fields).encode()
