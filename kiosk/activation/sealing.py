"""Seal the personal part to central: the terminal itself cannot read what it keeps on its disk.

Two suites; central names the suite together with its key, the settings name the one that is wanted:

HPKE-X25519-SHA256-AES256GCM   HPKE (RFC 9180), base mode, single shot; `enc` before the ciphertext
SM2-SM4GCM                     a digital envelope of the Chinese standards (extra "sm"): a fresh SM4 key under
                               SM2 (GB/T 32918.4), the content under SM4-GCM;
                               n (2 bytes) ‖ SM2 ciphertext (n, DER) ‖ nonce (12) ‖ ciphertext ‖ tag (16)

In both the visit and the terminal are bound through `info` (HPKE: as RFC 9180 §8.1 asks of users of the
single-shot API; SM4-GCM: as associated data): a sealed part cannot be moved elsewhere.
"""

import secrets
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.activation.encoding import from_base64url, to_base64url
from kiosk.activation.messages import WIRE_VERSION, Sealed, SealingKey
from kiosk.codes import Code
from kiosk.errors import IdentityError

HPKE = "HPKE-X25519-SHA256-AES256GCM"
SM = "SM2-SM4GCM"

SealFunction = Callable[[bytes, bytes], bytes]
"""Plaintext and info → sealed bytes."""


class Sealer:
    """Encryption to one of central's keys."""

    def __init__(self, key: SealingKey) -> None:
        """Raises IdentityError for a key or an algorithm that cannot be used."""
        suites = {HPKE: _hpke, SM: _sm}
        if key.algorithm not in suites:
            raise IdentityError(Code.IDENTITY_MISSING, f"unknown sealing algorithm {key.algorithm!r}")
        self._id, self._algorithm = key.key, key.algorithm
        try:
            self._seal = suites[key.algorithm](from_base64url(key.public))
        except (ValueError, UnsupportedAlgorithm, ModuleNotFoundError) as error:
            raise IdentityError(Code.IDENTITY_MISSING, f"unusable sealing key: {error}") from None

    def seal(
        self, plaintext: bytes, visit: str, terminal: str, purpose: str = f"activation-v{WIRE_VERSION}"
    ) -> Sealed:
        """Encrypt so that only central can decrypt it, and only for this, in this visit at this terminal."""
        info = f"kiosk-{purpose}|{visit}|{terminal}".encode()
        return Sealed(self._id, self._algorithm, to_base64url(self._seal(plaintext, info)))


def _hpke(public: bytes) -> SealFunction:
    key = X25519PublicKey.from_public_bytes(public)
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return lambda plaintext, info: suite.encrypt(plaintext, key, info)


def _sm(public: bytes) -> SealFunction:
    import gmssl_pyx

    if len(public) != 64:
        raise ValueError("an SM2 public key has 64 bytes")
    try:
        gmssl_pyx.normalize_sm2_public_key(public)
    except gmssl_pyx.InvalidValueError as error:
        raise ValueError("not a point of the curve") from error

    def seal(plaintext: bytes, info: bytes) -> bytes:
        key, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        wrapped = bytes(gmssl_pyx.sm2_encrypt(public, key))
        content, tag = gmssl_pyx.sm4_gcm_encrypt(key, nonce, info, plaintext=plaintext)
        return b"".join((len(wrapped).to_bytes(2, "big"), wrapped, nonce, content, tag))

    return seal
