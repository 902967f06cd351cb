"""Central's own secrets: files of mode 0600 in `<data>/keys`, made once by `init`, never replaced by it."""

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

CHALLENGE = "challenge.pem"
SEALING = "sealing-1.pem"
VAULT = "vault.secret"


class KeysError(Exception):
    """A secret is missing, exposed or not what it should be; the text names the file."""


@dataclass(frozen=True)
class Keys:
    challenge: Ed25519PrivateKey
    sealing: dict[str, X25519PrivateKey]  # by id, oldest first; the last one is handed out
    vault: bytes

    def __repr__(self) -> str:
        return "Keys(…)"

    @property
    def sealing_id(self) -> str:
        return next(reversed(self.sealing))


def make(folder: Path) -> None:
    """Make what is missing; what exists stays."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, kind in ((CHALLENGE, Ed25519PrivateKey), (SEALING, X25519PrivateKey)):
        if not (folder / name).exists():
            write_secret(folder / name, private_pem(kind.generate()))
    if not (folder / VAULT).exists():
        write_secret(folder / VAULT, secrets.token_bytes(32))


def load(folder: Path) -> Keys:
    """Raises KeysError."""
    challenge = _private(folder / CHALLENGE)
    sealing = [_private(path) for path in sorted(folder.glob("sealing-*.pem"))]
    if not isinstance(challenge, Ed25519PrivateKey):
        raise KeysError(f"{folder / CHALLENGE}: not an Ed25519 key")
    x25519 = {key_id(key): key for key in sealing if isinstance(key, X25519PrivateKey)}
    if not x25519:
        raise KeysError(f"{folder / SEALING}: missing, or not an X25519 key")
    return Keys(challenge, x25519, read_secret(folder / VAULT))


def key_id(key: X25519PrivateKey) -> str:
    """A name that the key itself gives: 16 hex digits of SHA-256 of the public part."""
    return sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]


def private_pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_secret(path: Path, data: bytes) -> None:
    """Never there with other rights, not even for a moment; never over an existing file."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_secret(path: Path) -> bytes:
    """Raises KeysError, also when others than the owner may read it."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeysError(f"{path}: others may read it; chmod 600")
        return path.read_bytes()
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}; run `central init`") from None


def _private(path: Path) -> object:
    try:
        return load_pem_private_key(read_secret(path), None)
    except ValueError:
        raise KeysError(f"{path}: not a private key") from None


def base64url(data: bytes) -> str:
    """Without padding, RFC 4648 §5."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_of(x: str) -> Ed25519PublicKey:
    """The key of a JWK's `x`. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(from_base64url(x))
