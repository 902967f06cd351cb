"""Hashes and encrypts stored personal data, so that the database alone is useless.

One secret file, seven keys derived from it (HKDF-SHA256, one label each): for recognising a person and a
mobile number again, for one-time codes, for peppering passwords (two), for encrypting phone numbers
and pictures.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from central.security.passwords import Passwords, PepperInMemory

_NONCE = 12


class PersonalData:
    """Keyed hashes, passwords and encryption, all from one `secret` of 32 random bytes."""

    def __init__(self, secret: bytes) -> None:
        self._person_key = _derive(secret, b"person")
        self._phone_key = _derive(secret, b"phone number")
        self._code_key = _derive(secret, b"one-time code")
        self.passwords = Passwords(
            pepper=PepperInMemory(_derive(secret, b"stretched password")),
            old_pepper=PepperInMemory(_derive(secret, b"password")),
        )
        self._cipher = AESGCM(_derive(secret, b"phone"))
        self._picture_cipher = AESGCM(_derive(secret, b"picture"))

    def person(self, number: str) -> str:
        """Return the pseudonym of a person: HMAC-SHA256 of the ID number, 64 hex digits."""
        return hmac.new(self._person_key, number.upper().encode(), hashlib.sha256).hexdigest()

    def phone(self, number: str) -> str:
        """Return the pseudonym of a mobile number: HMAC-SHA256, 64 hex digits."""
        return hmac.new(self._phone_key, number.encode(), hashlib.sha256).hexdigest()

    def one_time_code(self, visit: str, phone: str, code: str) -> str:
        """Return the keyed hash of a code for a number in a visit: HMAC-SHA256, 64 hex digits."""
        return hmac.new(self._code_key, f"{visit}|{phone}|{code}".encode(), hashlib.sha256).hexdigest()

    def encrypt(self, text: str, bound_to: str) -> bytes:
        """Return a nonce and the AES-256-GCM ciphertext; it opens only with the same `bound_to`."""
        return self.encrypt_bytes(text.encode(), bound_to)

    def decrypt(self, data: bytes, bound_to: str) -> str:
        """Return the text. Raises ValueError if it was altered or belongs elsewhere."""
        return self.decrypt_bytes(data, bound_to).decode()

    def encrypt_bytes(self, content: bytes, bound_to: str) -> bytes:
        """Return a nonce and the ciphertext of `content`, as `encrypt`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, bound_to.encode())

    def decrypt_bytes(self, data: bytes, bound_to: str) -> bytes:
        """Return what was encrypted. Raises ValueError if it was altered or belongs elsewhere."""
        try:
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], bound_to.encode())
        except InvalidTag:
            raise ValueError("does not open") from None

    def encrypt_picture(self, picture: bytes, person: str) -> bytes:
        """Return a nonce and the AES-256-GCM ciphertext; it opens only for the same person."""
        nonce = os.urandom(_NONCE)
        return nonce + self._picture_cipher.encrypt(nonce, picture, person.encode())

    def decrypt_picture(self, data: bytes, person: str) -> bytes:
        """Return the picture. Raises ValueError if it was altered or is another person's."""
        try:
            return self._picture_cipher.decrypt(data[:_NONCE], data[_NONCE:], person.encode())
        except InvalidTag:
            raise ValueError("does not open") from None


def _derive(secret: bytes, label: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"central|" + label).derive(secret)
