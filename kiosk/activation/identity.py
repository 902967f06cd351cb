"""Who this terminal is: its own key, made here and never leaving, and what enrolment brought.

A folder holds `terminal-key.pem` (PKCS 8, mode 0600), `enrolment.json` and `central-ca.pem`. Whoever could
write there could exchange central's sealing key for his own; so neither the folder nor its files may be
writable, nor the key readable, by anybody else.
"""

import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.activation.encoding import from_base64url, to_base64url
from kiosk.activation.messages import Enrolment, Jwk, problem_code
from kiosk.activation.sealing import Sealer
from kiosk.activation.wire import Wire
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unreachable, Untrusted
from kiosk.files import write_whole

KEY_FILE = "terminal-key.pem"
ENROLMENT_FILE = "enrolment.json"
CA_FILE = "central-ca.pem"
TOKEN_S = 60
"""Seconds that a signature over one call is good for."""


class Identity:
    """The enrolled terminal."""

    def __init__(self, key: Ed25519PrivateKey, enrolment: Enrolment) -> None:
        """Raises IdentityError if a key that enrolment brought cannot be used."""
        self._key = key
        self.terminal = enrolment.terminal
        self.place = enrolment.place
        self.challenge_key = _public_key(enrolment.challenge_key)
        self.sealer = Sealer(enrolment.sealing)

    def authorisation(self, method: str, path: str, body: bytes, now: float) -> str:
        """A fresh JWT (EdDSA) over this one call: method, path and SHA-256 of the body."""
        claims = {
            "iss": self.terminal,
            "aud": "central",
            "iat": int(now),
            "exp": int(now) + TOKEN_S,
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": path,
            "bsh": to_base64url(sha256(body).digest()),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA")

    def signed(self, claims: dict[str, Any], kind: str) -> str:
        """A JWT (EdDSA) of type `kind` over what this terminal says off the line."""
        body = {"iss": self.terminal} | claims
        return jwt.encode(body, self._key, algorithm="EdDSA", headers={"typ": kind})


def load(folder: Path) -> Identity:
    """Raises IdentityError: IDENTITY_MISSING (not enrolled, unreadable), IDENTITY_EXPOSED (open to all)."""
    check(folder)
    try:
        key = _read_key(folder / KEY_FILE)
        enrolment = msgspec.json.decode((folder / ENROLMENT_FILE).read_bytes(), type=Enrolment)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        detail = f"{ENROLMENT_FILE}: {type(error).__name__}"
        raise IdentityError(Code.IDENTITY_MISSING, detail) from None
    return Identity(key, enrolment)


def check(folder: Path) -> None:
    """Is everything there, and ours alone? Raises IdentityError."""
    _check_owned(folder, stat.S_IWGRP | stat.S_IWOTH)
    _check_owned(folder / ENROLMENT_FILE, stat.S_IWGRP | stat.S_IWOTH)
    _check_owned(folder / KEY_FILE, stat.S_IRWXG | stat.S_IRWXO)


def enrol(url: str, ca: Path, terminal: str, code: str, folder: Path) -> Identity:
    """Make the key if there is none, show central its public half with the one-time code, keep the answer.

    May be repeated: the same key asks again. Raises IdentityError(ENROLMENT_REFUSED) for a wrong code,
    SettingsError for a URL that is not https, CentralError.
    """
    wire = Wire(url, ca, connect_s=10.0, answer_s=30.0)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = _read_or_make_key(folder / KEY_FILE)
    question = {"terminal": terminal, "code": code, "public_key": _jwk(key.public_key())}
    answer = wire.call("POST", "/v1/terminals", msgspec.json.encode(question))
    wire.close()
    if answer.status != 201:
        raise _refusal(answer.status, answer.body)
    enrolment = _read_enrolment(answer.body, terminal)
    identity = Identity(key, enrolment)
    write_whole(folder / CA_FILE, ca.read_bytes())
    write_whole(folder / ENROLMENT_FILE, msgspec.json.encode(enrolment))
    return identity


def _refusal(status: int, body: bytes) -> IdentityError | Unreachable:
    code = problem_code(body)
    if 400 <= status < 500:
        return IdentityError(code or Code.ENROLMENT_REFUSED, f"central answered {status}")
    return Unreachable(code or Code.CENTRAL_FAULT, f"central answered {status}")


def _read_enrolment(raw: bytes, terminal: str) -> Enrolment:
    try:
        enrolment = msgspec.json.decode(raw, type=Enrolment)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreachable(Code.CENTRAL_FAULT, "the enrolment cannot be read") from None
    if enrolment.terminal != terminal:
        raise Untrusted(Code.CENTRAL_FAULT, "central enrolled another terminal")
    return enrolment


def _read_or_make_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_whole(path, pem)
    _check_owned(path, stat.S_IRWXG | stat.S_IRWXO)
    return _read_key(path)


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"{KEY_FILE}: {type(error).__name__}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityError(Code.IDENTITY_MISSING, f"{KEY_FILE}: not an Ed25519 key")
    return key


def _public_key(jwk: Jwk) -> Ed25519PublicKey:
    try:
        if (jwk.kty, jwk.crv) != ("OKP", "Ed25519"):
            raise ValueError("not an Ed25519 key")
        return Ed25519PublicKey.from_public_bytes(from_base64url(jwk.x))
    except ValueError as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"challenge key: {error}") from None


def _jwk(key: Ed25519PublicKey) -> Jwk:
    return Jwk(to_base64url(key.public_bytes_raw()))


def _check_owned(path: Path, forbidden: int) -> None:
    """A link is not followed: what it points to may be changed by others."""
    try:
        found = path.lstat()
    except OSError as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"{path.name}: {type(error).__name__}") from None
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & forbidden or path.is_symlink():
        raise IdentityError(Code.IDENTITY_EXPOSED, f"{path.name} is open to others")
