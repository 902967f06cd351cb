"""Central's secrets: files of mode 0600 in `<data>/keys`, made once by `central init`, never replaced.

`central rotate-sealing` adds a sealing key while servers run. A server opens with the new key from then on,
since it looks into the folder whenever a key is asked for that it does not have. It hands the new key to
terminals only some time later: by then every other server has it too.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from central.protocol.messages import SealingKey
from central.security.encoding import base64url, from_base64url
from central.security.sealing import HPKE, SM, Opener, Suites, key_id, opener, sm_secret

log = logging.getLogger(__name__)

CHALLENGE = "challenge.pem"
SEALING = "sealing-1.pem"
PERSONAL_DATA = "vault.secret"
VERIFICATION = "verification.pem"
"""The workers' private key; central itself needs only the public one, so the file may be moved to them."""
VERIFICATION_PUBLIC = "verification.pub"


class KeysError(Exception):
    """A secret is missing, exposed or not what it should be; the text names the file."""


@dataclass(frozen=True)
class Keys:
    """All secrets of central."""

    challenge: Ed25519PrivateKey
    sealing: "SealingKeys"
    personal_data: bytes

    def __repr__(self) -> str:
        return "Keys(…)"


class SealingKeys(Mapping[str, Opener]):
    """The sealing keys of `folder`, oldest first, by id; all of them open."""

    def __init__(
        self, folder: Path, handed_out_after_s: float = 0.0, clock: Callable[[], float] = time.time
    ) -> None:
        """`handed_out_after_s`: age at which a new key is handed out. Raises KeysError."""
        self._folder = folder
        self._handed_out_after_s = handed_out_after_s
        self._clock = clock
        keys = [_sealing_key(path) for path in sealing_files(folder)]
        if not any(key.opener.algorithm == HPKE for key in keys):
            raise KeysError(f"{folder / SEALING}: missing, or not an X25519 key")
        self._by_id = {key_id(key.opener): key for key in keys}

    def __getitem__(self, id: str) -> Opener:
        """Return the key of this id. Raises KeyError if the folder has none."""
        if id not in self._by_id:
            self._load_new()
        return self._by_id[id].opener

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def current(self, wanted: Suites = HPKE) -> SealingKey:
        """Return the newest key of the suite `wanted` that is old enough; of HPKE if there is none."""
        self._load_new()
        latest = self._clock() - self._handed_out_after_s
        keys = sorted(self._by_id.values(), key=lambda key: key.number)
        for key in reversed(keys):
            if key.opener.algorithm == wanted and key.made_unix <= latest:
                return key.handed_out()
        if wanted != HPKE:
            return self.current()
        # All are young: the first one replaces none.
        return next(key for key in keys if key.opener.algorithm == HPKE).handed_out()

    def _load_new(self) -> None:
        known = {key.path for key in self._by_id.values()}
        for path in sealing_files(self._folder):
            if path in known:
                continue
            try:
                new = _sealing_key(path)
            except KeysError as error:
                log.error("a new sealing key cannot be used: %s", error)
            else:
                # Another dictionary, because other threads may be reading this one.
                self._by_id = self._by_id | {key_id(new.opener): new}


@dataclass(frozen=True)
class _SealingKeyFile:
    path: Path
    opener: Opener
    made_unix: float

    @property
    def number(self) -> int:
        return _number(self.path)

    def handed_out(self) -> SealingKey:
        """Return the public part."""
        public = base64url(self.opener.public)
        return SealingKey(key=key_id(self.opener), algorithm=self.opener.algorithm, public=public)


def _sealing_key(path: Path) -> _SealingKeyFile:
    """Return the key in a file. Raises KeysError."""
    try:
        made = opener(path, read_secret(path) if path.suffix == ".sm2" else _private(path))
    except (ValueError, ModuleNotFoundError) as error:
        raise KeysError(f"{path}: {error}") from None
    return _SealingKeyFile(path, made, path.stat().st_mtime)


def make(folder: Path) -> None:
    """Make the secrets that are missing in `folder`; existing ones stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, kind in ((CHALLENGE, Ed25519PrivateKey), (SEALING, X25519PrivateKey)):
        if not (folder / name).exists():
            write_secret(folder / name, private_pem(kind.generate()))
    if not (folder / PERSONAL_DATA).exists():
        write_secret(folder / PERSONAL_DATA, secrets.token_bytes(32))
    _make_verification(folder)


def _make_verification(folder: Path) -> None:
    """Make the workers' pair unless the public key is there: the private one may be elsewhere."""
    if (folder / VERIFICATION_PUBLIC).exists():
        return
    if not (folder / VERIFICATION).exists():
        write_secret(folder / VERIFICATION, private_pem(X25519PrivateKey.generate()))
    private = _private(folder / VERIFICATION)
    if not isinstance(private, X25519PrivateKey):
        raise KeysError(f"{folder / VERIFICATION}: not an X25519 key")
    public = base64url(private.public_key().public_bytes_raw())
    write_secret(folder / VERIFICATION_PUBLIC, f"{public}\n".encode())


def verification_key(folder: Path) -> X25519PublicKey:
    """Return the key to which jobs of verification workers are sealed. Raises KeysError."""
    path = folder / VERIFICATION_PUBLIC
    try:
        return X25519PublicKey.from_public_bytes(from_base64url(read_secret(path).decode().strip()))
    except ValueError:
        raise KeysError(f"{path}: not an X25519 key") from None


def load(folder: Path, new_sealing_key_after_s: float = 0.0) -> Keys:
    """Return the secrets in `folder`. Raises KeysError.

    `new_sealing_key_after_s`: age at which a further sealing key is handed out.
    """
    challenge = _private(folder / CHALLENGE)
    if not isinstance(challenge, Ed25519PrivateKey):
        raise KeysError(f"{folder / CHALLENGE}: not an Ed25519 key")
    return Keys(
        challenge=challenge,
        sealing=SealingKeys(folder, new_sealing_key_after_s),
        personal_data=read_secret(folder / PERSONAL_DATA),
    )


def rotate_sealing(folder: Path, algorithm: str = HPKE) -> Path:
    """Make one more sealing key and return its file. What older keys sealed still opens.

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
    """Return the files of sealing keys, oldest first."""
    return sorted((p for p in folder.glob("sealing-*") if p.suffix in (".pem", ".sm2")), key=_number)


def _number(path: Path) -> int:
    found = re.fullmatch(r"sealing-(\d+)", path.stem)
    return int(found[1]) if found else 0


def private_pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    """Return the unencrypted PKCS #8 form of a key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that only the owner may read and nobody sees half written. Raises FileExistsError."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)  # unlike a rename it replaces nothing
    finally:
        os.unlink(beside)


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
