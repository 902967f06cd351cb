"""The terminal's key in a file: the software driver of `kiosk.ports.KeyStore`.

`terminal-key.pem` (PKCS 8, mode 0600) is looked at before every signature: a file that others may read
signs nothing more, and one that `kiosk identity rotate` has exchanged is read anew. A rotation lives in
`terminal-key.next.pem` until central has taken the new key.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import IdentityError
from kiosk.files import write_whole

KEY_FILE = "terminal-key.pem"
NEXT_FILE = "terminal-key.next.pem"


class FileKeyStore:
    """Safe to use from several threads; raises IdentityError."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """Nothing to choose."""

    def __init__(self, folder: Path, options: Settings | None = None) -> None:
        self._path = folder / KEY_FILE
        self._next = folder / NEXT_FILE
        self._read: tuple[tuple[int, int], Ed25519PrivateKey] | None = None

    def public(self) -> bytes:
        return self._key().public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key().sign(message)

    def make(self) -> None:
        if not self._path.exists():
            write_whole(self._path, _pem(Ed25519PrivateKey.generate()))

    def next_public(self) -> bytes | None:
        if not self._next.exists():
            return None
        return _load(self._next).public_key().public_bytes_raw()

    def make_next(self) -> bytes:
        if not self._next.exists():
            write_whole(self._next, _pem(Ed25519PrivateKey.generate()))
        return _load(self._next).public_key().public_bytes_raw()

    def sign_next(self, message: bytes) -> bytes:
        return _load(self._next).sign(message)

    def adopt_next(self) -> None:
        self._next.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _key(self) -> Ed25519PrivateKey:
        seen = check_owned(self._path, stat.S_IRWXG | stat.S_IRWXO)
        known = self._read
        if known is None or known[0] != seen:
            known = seen, _load(self._path)
            self._read = known
        return known[1]


def check_owned(path: Path, forbidden: int) -> tuple[int, int]:
    """Which file it is (inode, time of change). A link is not followed: what it points to others may change.

    Raises IdentityError: IDENTITY_MISSING, IDENTITY_EXPOSED.
    """
    try:
        found = path.lstat()
    except OSError as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"{path.name}: {type(error).__name__}") from None
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & forbidden or path.is_symlink():
        raise IdentityError(Code.IDENTITY_EXPOSED, f"{path.name} is open to others")
    return found.st_ino, found.st_mtime_ns


def _load(path: Path) -> Ed25519PrivateKey:
    check_owned(path, stat.S_IRWXG | stat.S_IRWXO)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"{path.name}: {type(error).__name__}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityError(Code.IDENTITY_MISSING, f"{path.name}: not an Ed25519 key")
    return key


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
