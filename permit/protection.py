"""Protects stored personal data: encrypted, and recognised again by keyed hashes only.

Keys are files of mode 0600, each made once. `fernet.keys` holds one Fernet key a line, the newest first; what
an older one encrypted still opens.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

Form = TypeVar("Form")
FERNET, PSEUDONYM = "fernet.keys", "pseudonym.secret"


class Protection:
    """Seals messages and makes pseudonyms. Raises OSError or ValueError if the keys cannot be used."""

    def __init__(self, folder: Path) -> None:
        keys = _read(folder / FERNET).split()
        if not keys:
            raise ValueError(f"{folder / FERNET}: no key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._secret = _read(folder / PSEUDONYM)

    def seal(self, message: object) -> bytes:
        """Return the encrypted JSON of a message."""
        return self._fernet.encrypt(msgspec.json.encode(message))

    def open(self, sealed: bytes, form: type[Form]) -> Form:
        """Return the message. Raises ValueError if it was altered or has another form."""
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed), type=form)
        except (InvalidToken, msgspec.MsgspecError):
            raise ValueError("does not open") from None

    def pseudonym(self, kind: str, text: str) -> str:
        """Return the HMAC-SHA256 of a text under a label, 64 hex digits."""
        return hmac.new(self._secret, f"{kind}|{text}".encode(), hashlib.sha256).hexdigest()


def make_keys(folder: Path) -> None:
    """Make the keys that are missing in `folder`; existing ones stay. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, secret in ((FERNET, Fernet.generate_key()), (PSEUDONYM, secrets.token_bytes(32))):
        try:
            file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(file, "wb") as opened:
            opened.write(secret)
            opened.flush()
            os.fsync(opened.fileno())


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path}: others may read it; chmod 600")
    return path.read_bytes()
