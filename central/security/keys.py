"""Central's own secrets: files of mode 0600 in `<data>/keys`, made once by `init`, never replaced by it."""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from central.security.encoding import from_base64url
from central.security.sealing import HPKE, SM, Opener, key_id, opener, sm_secret

CHALLENGE = "challenge.pem"
SEALING = "sealing-1.pem"
VAULT = "vault.secret"


class KeysError(Exception):
    """A secret is missing, exposed or not what it should be; the text names the file."""


@dataclass(frozen=True)
class Keys:
    challenge: Ed25519PrivateKey
    sealing: dict[str, Opener]  # by id, oldest first; the newest of a suite is handed out, all of them open
    vault: bytes

    def __repr__(self) -> str:
        return "Keys(…)"


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
    if not isinstance(challenge, Ed25519PrivateKey):
        raise KeysError(f"{folder / CHALLENGE}: not an Ed25519 key")
    openers = [_opener(path) for path in sealing_files(folder)]
    if not any(one.algorithm == HPKE for one in openers):
        raise KeysError(f"{folder / SEALING}: missing, or not an X25519 key")
    return Keys(challenge, {key_id(one): one for one in openers}, read_secret(folder / VAULT))


def rotate_sealing(folder: Path, algorithm: str = HPKE) -> Path:
    """One more key, which is handed out from the next start on; what older ones sealed still opens.

    Raises KeysError if the suite's library is not installed.
    """
    number = max((_number(path) for path in sealing_files(folder)), default=0) + 1
    try:
        secret = sm_secret() if algorithm == SM else private_pem(X25519PrivateKey.generate())
    except ModuleNotFoundError:
        raise KeysError(f"{algorithm} needs the extra 'sm'") from None
    path = folder / f"sealing-{number}.{'sm2' if algorithm == SM else 'pem'}"
    write_secret(path, secret)
    return path


def sealing_files(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted((p for p in folder.glob("sealing-*") if p.suffix in (".pem", ".sm2")), key=_number)


def _number(path: Path) -> int:
    found = re.fullmatch(r"sealing-(\d+)", path.stem)
    return int(found[1]) if found else 0


def _opener(path: Path) -> Opener:
    try:
        return opener(path, read_secret(path) if path.suffix == ".sm2" else _private(path))
    except (ValueError, ModuleNotFoundError) as error:
        raise KeysError(f"{path}: {error}") from None


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


def public_of(x: str) -> Ed25519PublicKey:
    """The key of a JWK's `x`. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(from_base64url(x))
