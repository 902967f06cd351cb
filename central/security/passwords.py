"""Passwords: stretched by the terminal, kept as a keyed hash. docs/decisions/0014-stretched-password.md.

`credentials.password` holds one of two forms, their parts between dollar signs and in hexadecimal:

    argon2id $ memory in KiB $ passes $ lanes $ salt $ HMAC-SHA-256 of the stretched password
    scrypt   $ salt $ scrypt of the HMAC-SHA-256 of the password       version 1 of the wire

Cost alone cannot protect eight digits, which are 27 bits: the key of the HMAC, the pepper, does.
"""

import hashlib
import hmac
import os
from typing import Protocol

from argon2.low_level import Type, hash_secret_raw

from central.protocol.messages import StretchedPassword
from central.security.encoding import from_base64url

_COST = {"n": 2**14, "r": 8, "p": 1}
"""Of scrypt: 16 MiB."""


class Pepper(Protocol):
    """A secret key that makes keyed hashes. An HSM's is another class: the key need not be readable."""

    def mac(self, data: bytes) -> bytes:
        """Return the HMAC-SHA-256 of `data`."""


class PepperInMemory:
    """A pepper whose key this process holds."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mac(self, data: bytes) -> bytes:
        """Return the HMAC-SHA-256 of `data`."""
        return hmac.digest(self._key, data, hashlib.sha256)


class Passwords:
    """Makes what is stored of a password, and compares a typed one with it.

    `pepper`: of stretched passwords; `old_pepper`: of those that version 1 of the wire brought as typed.
    """

    def __init__(self, pepper: Pepper, old_pepper: Pepper) -> None:
        self._pepper, self._old_pepper = pepper, old_pepper

    def stored_form(self, password: StretchedPassword | str) -> str:
        """Return what is stored. Takes microseconds; of a password as typed (wire version 1) some 50 ms."""
        if isinstance(password, str):
            salt = os.urandom(16)
            return f"scrypt${salt.hex()}${self._scrypt(password, salt).hex()}"
        salt = from_base64url(password.salt)
        keyed = self._pepper.mac(from_base64url(password.hash))
        cost = f"{password.memory_kib}${password.passes}${password.lanes}"
        return f"argon2id${cost}${salt.hex()}${keyed.hex()}"

    def agrees(self, typed: str, stored: str) -> bool:
        """Return whether `stored` is of the password that was typed.

        Takes as long and as much memory as the terminal needed to stretch it: call it from a worker thread,
        few at once.
        """
        kind, *cost, salt, expected = stored.split("$")
        if kind == "scrypt":
            made = self._scrypt(typed, bytes.fromhex(salt))
        else:
            memory_kib, passes, lanes = map(int, cost)
            made = self._pepper.mac(
                hash_secret_raw(
                    typed.encode(),
                    bytes.fromhex(salt),
                    time_cost=passes,
                    memory_cost=memory_kib,
                    parallelism=lanes,
                    hash_len=32,
                    type=Type.ID,
                )
            )
        return hmac.compare_digest(made, bytes.fromhex(expected))

    def _scrypt(self, password: str, salt: bytes) -> bytes:
        return hashlib.scrypt(self._old_pepper.mac(password.encode()), salt=salt, dklen=32, **_COST)
