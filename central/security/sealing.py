"""Opens what a terminal sealed. Two suites, distinguished by the algorithm id that comes along.

HPKE-X25519-SHA256-AES256GCM   HPKE (RFC 9180), base mode, single shot
SM2-SM4GCM                     a digital envelope of the Chinese standards (extra "sm"): a fresh SM4 key under
                               SM2 (GB/T 32918.4), the content under SM4-GCM with `info` as associated data

In both the visit and the terminal are bound through `info`: a sealed part cannot be moved elsewhere.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import ValidationError

from central.protocol.messages import (
    ActivationRequest,
    Message,
    Person,
    PhoneNumber,
    Sealed,
)
from central.security.encoding import from_base64url

HPKE: Final = "HPKE-X25519-SHA256-AES256GCM"
SM: Final = "SM2-SM4GCM"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
Suites = Literal["HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM"]
_NONCE, _TAG = 12, 16
Form = TypeVar("Form", bound=Message)


class Unsealable(Exception):  # noqa: N818
    """Sealed data does not open, or does not hold what was agreed. The text never says what it holds."""


class Opener(Protocol):
    """A private key of central, with its suite."""

    algorithm: Suites

    @property
    def public(self) -> bytes:
        """Return the raw public key."""

    def open(self, data: bytes, info: bytes) -> bytes:
        """Decrypt `data`, which is bound to `info`. Raises InvalidTag or ValueError."""


class HpkeOpener:
    """X25519 key of suite HPKE."""

    algorithm: Suites = HPKE

    def __init__(self, key: X25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return self._key.public_key().public_bytes_raw()

    def open(self, data: bytes, info: bytes) -> bytes:
        """Decrypt `data`. Raises InvalidTag."""
        return SUITE.decrypt(data, self._key, info)


class SmOpener:
    """SM2 key. `secret`: public point (64 bytes), private key (32).

    Sealed data: n (2 bytes) ‖ SM2 (n) ‖ nonce (12) ‖ SM4-GCM.
    """

    algorithm: Suites = SM

    def __init__(self, secret: bytes) -> None:
        """Raises ModuleNotFoundError without the extra "sm", ValueError for a secret of another length."""
        import gmssl_pyx

        if len(secret) != 96:
            raise ValueError("an SM2 secret has 96 bytes")
        self._gm = gmssl_pyx
        self.public, self._private = secret[:64], secret[64:]

    def open(self, data: bytes, info: bytes) -> bytes:
        """Decrypt `data`. Raises ValueError."""
        length = int.from_bytes(data[:2], "big")
        wrapped, rest = data[2 : 2 + length], data[2 + length :]
        nonce, content, tag = rest[:_NONCE], rest[_NONCE:-_TAG], rest[-_TAG:]
        try:
            key = self._gm.sm2_decrypt(self._private, wrapped)
            return bytes(self._gm.sm4_gcm_decrypt(key, iv=nonce, aad=info, ciphertext=content, tag=tag))
        except (self._gm.GmsslInnerError, self._gm.InvalidValueError) as error:
            raise ValueError(type(error).__name__) from None


def sm_secret() -> bytes:
    """Return a new secret for SmOpener. Raises ModuleNotFoundError without the extra "sm"."""
    import gmssl_pyx

    public, private = gmssl_pyx.sm2_key_generate()
    return bytes(public) + bytes(private)


def opener(path: Path, key: object) -> Opener:
    """Return the opener of a key file's content. Raises ValueError, ModuleNotFoundError."""
    if isinstance(key, X25519PrivateKey):
        return HpkeOpener(key)
    if isinstance(key, bytes):
        return SmOpener(key)
    raise ValueError(f"{path}: neither an X25519 key nor an SM2 secret")


def key_id(opener: Opener) -> str:
    """Return the name of a key: 16 hex digits of SHA-256 of the public part."""
    return sha256(opener.public).hexdigest()[:16]


def info(visit: str, terminal: str, purpose: str) -> bytes:
    """Return what binds a sealed part to its visit and terminal, and to what it is for."""
    return f"kiosk-{purpose}|{visit}|{terminal}".encode()


def open_sealed(request: ActivationRequest, keys: Mapping[str, Opener]) -> Person:
    """Open the sealed part of a request and return the person.

    Raises Unsealable, also if the password is not in the form of the request's version of the wire.
    """
    purpose = f"activation-v{request.version}"
    person = _open(Person, request.sealed, info(request.id, request.terminal, purpose), keys)
    if person.password is not None and isinstance(person.password, str) != (request.version == 1):
        raise Unsealable("the password is not in the form of this version")
    return person


def open_sealed_phone(sealed: Sealed, visit: str, terminal: str, keys: Mapping[str, Opener]) -> PhoneNumber:
    """Open the mobile number that a one-time code is for. Raises Unsealable."""
    return _open(PhoneNumber, sealed, info(visit, terminal, "phone-v1"), keys)


def _open(form: type[Form], sealed: Sealed, info: bytes, keys: Mapping[str, Opener]) -> Form:
    key = keys.get(sealed.key)
    if key is None or sealed.algorithm != key.algorithm:
        raise Unsealable("unknown key or algorithm")
    try:
        return form.model_validate_json(key.open(from_base64url(sealed.data), info))
    except (InvalidTag, ValidationError, ValueError):
        raise Unsealable("does not open, or is not of the agreed form") from None
