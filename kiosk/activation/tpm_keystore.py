"""Keep the terminal's key in a TPM 2.0: driver `tpm` of `kiosk.ports.KeyStore`; needs the extra `tpm`.

`terminal-key.tpm` (JSON, mode 0600) holds a P-256 signing key and an HMAC key for `secret`, both wrapped by
this TPM: a copy of the file is of no use elsewhere. Who may read it and use the TPM of this very machine can
sign, but cannot take the key away. During a rotation the next keys lie in `terminal-key.next.tpm` until
central has taken them.
"""

import stat
from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.activation.keystore import check_owned
from kiosk.activation.tpm import HMAC, SIGNING, Tpm, WrappedKey
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, IdentityError
from kiosk.files import sync_folder, write_whole

KEY_FILE = "terminal-key.tpm"
NEXT_FILE = "terminal-key.next.tpm"


class WrappedKeys(Struct, frozen=True, kw_only=True):
    """Content of a file: they are made and exchanged together."""

    signing: WrappedKey
    secret: WrappedKey


class TpmKeyStore:
    """Driver `tpm` of `kiosk.ports.KeyStore`. Safe to use from several threads; raises IdentityError."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`tcti`: how tpm2-tss reaches the TPM; by default through the kernel's resource manager."""

        tcti: str = "device:/dev/tpmrm0"

    def __init__(self, folder: Path, options: Settings | None = None) -> None:
        self._path = folder / KEY_FILE
        self._next = folder / NEXT_FILE
        self._tpm = Tpm((options or self.Settings()).tcti)

    def public(self) -> bytes:
        """Return the public key: the point x ‖ y (64 bytes)."""
        return self._tpm.public(_read(self._path).signing)

    def sign(self, message: bytes) -> bytes:
        """Return the signature r ‖ s (64 bytes)."""
        return self._tpm.sign(_read(self._path).signing, message)

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes: an HMAC that only this TPM can compute."""
        return self._tpm.hmac(_read(self._path).secret, f"kiosk-{purpose}".encode())

    def make(self) -> None:
        """Make a key if there is none."""
        if not self._path.exists():
            self._make(self._path)

    def next_public(self) -> bytes | None:
        """Return the next key's public half (64 bytes); None if no rotation is under way."""
        if not self._next.exists():
            return None
        return self._tpm.public(_read(self._next).signing)

    def make_next(self) -> bytes:
        """Make the next key if there is none; return its public half (64 bytes)."""
        if not self._next.exists():
            self._make(self._next)
        return self._tpm.public(_read(self._next).signing)

    def sign_next(self, message: bytes) -> bytes:
        """Return a signature with the next key (64 bytes)."""
        return self._tpm.sign(_read(self._next).signing, message)

    def adopt_next(self) -> None:
        """Replace the key by the next one, durably."""
        self._next.replace(self._path)
        sync_folder(self._path.parent)

    def close(self) -> None:
        """Let go of the TPM; the next call takes hold of it again."""
        self._tpm.close()

    def _make(self, path: Path) -> None:
        keys = WrappedKeys(signing=self._tpm.make(SIGNING), secret=self._tpm.make(HMAC))
        write_whole(path, msgspec.json.encode(keys))


def _read(path: Path) -> WrappedKeys:
    check_owned(path, stat.S_IRWXG | stat.S_IRWXO)
    try:
        return msgspec.json.decode(path.read_bytes(), type=WrappedKeys)
    except (OSError, *UNREADABLE) as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"{path.name}: {type(error).__name__}") from None
