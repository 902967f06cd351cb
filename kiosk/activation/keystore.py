"""Keep the terminal's key in a file: the software driver of `kiosk.ports.KeyStore`.

`terminal-key.pem` (PKCS 8, mode 0600) is checked before every signature: with a file that other users may
read nothing is signed any more, and one that `kiosk identity rotate` has exchanged is read anew. During a
rotation the next key lies in `terminal-key.next.pem` until central has taken it.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import IdentityError
from kiosk.files import sync_folder, write_whole

KEY_FILE = "terminal-key.pem"
NEXT_FILE = "terminal-key.next.pem"


class FileKeyStore:
    """Driver `file` of `kiosk.ports.KeyStore`. Safe to use from several threads; raises IdentityError."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """No options."""

    def __init__(self, folder: Path, options: Settings | None = None) -> None:
        self._path = folder / KEY_FILE
        self._next = folder / NEXT_FILE
        self._cached: tuple[tuple[int, int], Ed25519PrivateKey] | None = None

    def public(self) -> bytes:
        """Return the public key (32 bytes)."""
        return self._key().public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes)."""
        return self._key().sign(message)

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes derived from the private key (HKDF, RFC 5869)."""
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"kiosk-{purpose}".encode())
        return derived.derive(self._key().private_bytes_raw())

    def make(self) -> None:
        """Make a key if there is none."""
        if not self._path.exists():
            write_whole(self._path, _pem(Ed25519PrivateKey.generate()))

    def next_public(self) -> bytes | None:
        """Return the next key's public half (32 bytes); None if no rotation is under way."""
        if not self._next.exists():
            return None
        return _load(self._next).public_key().public_bytes_raw()

    def make_next(self) -> bytes:
        """Make the next key if there is none; return its public half (32 bytes)."""
        if not self._next.exists():
            write_whole(self._next, _pem(Ed25519PrivateKey.generate()))
        return _load(self._next).public_key().public_bytes_raw()

    def sign_next(self, message: bytes) -> bytes:
        """Return a signature with the next key (64 bytes)."""
        return _load(self._next).sign(message)

    def adopt_next(self) -> None:
        """Replace the key by the next one, durably."""
        self._next.replace(self._path)
        sync_folder(self._path.parent)

    def _key(self) -> Ed25519PrivateKey:
        version = check_owned(self._path, stat.S_IRWXG | stat.S_IRWXO)
        cached = self._cached
        if cached is None or cached[0] != version:
            cached = version, _load(self._path)
            self._cached = cached
        return cached[1]


def check_owned(path: Path, forbidden: int) -> tuple[int, int]:
    """Check that `path` is this user's and has none of the `forbidden` mode bits.

    Returns inode and time of change, by which an exchanged file is noticed. A link is refused: other users
    may change what it points to. Raises IdentityError: IDENTITY_MISSING, IDENTITY_EXPOSED.
    """
    try:
        status = path.lstat()
    except OSError as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"{path.name}: {type(error).__name__}") from None
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & forbidden or path.is_symlink():
        raise IdentityError(Code.IDENTITY_EXPOSED, f"{path.name} is open to others")
    return status.st_ino, status.st_mtime_ns


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
