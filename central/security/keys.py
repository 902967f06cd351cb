"""Central's secrets: files of mode 0600 in `<data>/keys`, made once by `central init`, never replaced."""

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
PERSONAL_DATA = "vault.secret"


class KeysError(Exception):
    """A secret is missing, exposed or not what it should be; the text names the file."""


@dataclass(frozen=True)
class Keys:
    """All secrets of central."""

    challenge: Ed25519PrivateKey
    sealing: dict[str, Opener]  # by id, oldest first; the newest of a suite is handed out, all of them open
    personal_data: bytes

    def __repr__(self) -> str:
        return "Keys(…)"


def make(folder: Path) -> None:
    """Make the secrets that are missing in `folder`; existing ones stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, kind in ((CHALLENGE, Ed25519PrivateKey), (SEALING, X25519PrivateKey)):
        if not (folder / name).exists():
            write_secret(folder / name, private_pem(kind.generate()))
    if not (folder / PERSONAL_DATA).exists():
        write_secret(folder / PERSONAL_DATA, secrets.token_bytes(32))


def load(folder: Path) -> Keys:
    """Return the secrets in `folder`. Raises KeysError."""
    challenge = _private(folder / CHALLENGE)
    if not isinstance(challenge, Ed25519PrivateKey):
        raise KeysError(f"{folder / CHALLENGE}: not an Ed25519 key")
    openers = []
    for path in sealing_files(folder):
        try:
            openers.append(opener(path, read_secret(path) if path.suffix == ".sm2" else _private(path)))
        except (ValueError, ModuleNotFoundError) as error:
            raise KeysError(f"{path}: {error}") from None
    if not any(one.algorithm == HPKE for one in openers):
        raise KeysError(f"{folder / SEALING}: missing, or not an X25519 key")
    return Keys(
        challenge=challenge,
        sealing={key_id(one): one for one in openers},
        personal_data=read_secret(folder / PERSONAL_DATA),
    )


def rotate_sealing(folder: Path, algorithm: str = HPKE) -> Path:
    """Make one more sealing key and return its file. Terminals get it from the next start on.

    What older keys sealed still opens. Raises KeysError if the suite's library is not installed.
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
    """Return the files of sealing keys, oldest first."""
    return sorted((p for p in folder.glob("sealing-*") if p.suffix in (".pem", ".sm2")), key=_number)


def _number(path: Path) -> int:
    found = re.fullmatch(r"sealing-(\d+)", path.stem)
    return int(found[1]) if found else 0


def private_pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    """Return the unencrypted PKCS #8 form of a key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that only the owner may read from its first moment. Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_secret(path: Path) -> bytes:
    """Return the content of a secret file. Raises KeysError, also if others than the owner may read it."""
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
    """Return the key of a JWK's `x`. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(from_base64url(x))
