"""Hashes and encrypts stored personal data, so that the database alone is useless.

One secret file, three keys derived from it (HKDF-SHA256, one label each): for recognising a person again,
for peppering passwords, for encrypting phone numbers.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_COST = {"n": 2**14, "r": 8, "p": 1}
"""scrypt, 16 MiB. Eight digits are 27 bits, so cost alone cannot protect them: the pepper does."""


class PersonalData:
    """Keyed hashes, password hashes and encryption, all from one `secret` of 32 random bytes."""

    def __init__(self, secret: bytes) -> None:
        self._person_key = _derive(secret, b"person")
        self._pepper = _derive(secret, b"password")
        self._cipher = AESGCM(_derive(secret, b"phone"))

    def person(self, number: str) -> str:
        """Return the pseudonym of a person: HMAC-SHA256 of the ID number, 64 hex digits."""
        return hmac.new(self._person_key, number.upper().encode(), hashlib.sha256).hexdigest()

    def hash_password(self, password: str) -> str:
        """Return `scrypt$salt$hash`, both hex."""
        salt = os.urandom(16)
        return f"scrypt${salt.hex()}${self._scrypt(password, salt).hex()}"

    def password_agrees(self, password: str, stored: str) -> bool:
        """Return whether `stored` is the hash of this password."""
        _, salt, digest = stored.split("$")
        return hmac.compare_digest(self._scrypt(password, bytes.fromhex(salt)).hex(), digest)

    def encrypt(self, text: str, bound_to: str) -> bytes:
        """Return a nonce and the AES-256-GCM ciphertext; it opens only with the same `bound_to`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), bound_to.encode())

    def decrypt(self, data: bytes, bound_to: str) -> str:
        """Return the text. Raises ValueError if it was altered or belongs elsewhere."""
        try:
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], bound_to.encode()).decode()
        except InvalidTag:
            raise ValueError("does not open") from None

    def _scrypt(self, password: str, salt: bytes) -> bytes:
        peppered = hmac.new(self._pepper, password.encode(), hashlib.sha256).digest()
        return hashlib.scrypt(peppered, salt=salt, dklen=32, **_COST)


def _derive(secret: bytes, label: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"central|" + label).derive(secret)
