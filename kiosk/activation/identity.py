"""Who this terminal is: its own key, made here and never leaving, and what enrolment brought.

A folder holds `enrolment.json`, `central-ca.pem` and, with the software key store, the key. Whoever could
write there could exchange central's sealing key for his own; so neither the folder nor its files may be
writable, nor the key readable, by anybody else.
"""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from kiosk.activation import signing
from kiosk.activation.encoding import from_base64url, to_base64url
from kiosk.activation.http_client import HttpClient
from kiosk.activation.keystore import FileKeyStore, check_owned
from kiosk.activation.messages import Enrolment, Jwk, SealingKey, problem_code
from kiosk.activation.sealing import Sealer
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, IdentityError, Unreachable, Untrusted
from kiosk.files import write_whole
from kiosk.ports import KeyStore
from kiosk.settings import Settings, driver_class, driver_settings

ENROLMENT_FILE = "enrolment.json"
CA_FILE = "central-ca.pem"


class Identity:
    """The enrolled terminal."""

    def __init__(self, store: KeyStore, enrolment: Enrolment, folder: Path) -> None:
        """Raises IdentityError if a key that enrolment brought cannot be used."""
        self.store = store
        self.terminal = enrolment.terminal
        self.place = enrolment.place
        self.challenge_key = _public_key(enrolment.challenge_key)
        self.sealer = Sealer(enrolment.sealing)
        self._enrolment = enrolment
        self._folder = folder

    def signed(
        self,
        method: str,
        path: str,
        body: bytes,
        now: float,
        headers: Mapping[str, str] | None = None,
        key: Callable[[bytes], bytes] | None = None,
    ) -> dict[str, str]:
        """The headers of this one call. `key`: another than the store's present one. Raises IdentityError."""
        return signing.sign(self.terminal, key or self.store.sign, method, path, body, headers or {}, now)

    def use_sealing_key(self, key: SealingKey) -> bool:
        """From now on, and after a restart; False if that is what we do already.

        Raises IdentityError for a key or suite that we cannot use: the one before stays.
        """
        if key == self._enrolment.sealing:
            return False
        sealer = Sealer(key)
        self._enrolment = replace(self._enrolment, sealing=key)
        write_whole(self._folder / ENROLMENT_FILE, msgspec.json.encode(self._enrolment))
        self.sealer = sealer
        return True

    def token(self, claims: dict[str, Any], kind: str) -> str:
        """A JWT (EdDSA, RFC 7519) of type `kind` over what this terminal says off the line.

        Put together here because the key may be in a chip, which PyJWT could not use.
        """
        parts = ({"alg": "EdDSA", "typ": kind}, {"iss": self.terminal} | claims)
        said = ".".join(to_base64url(msgspec.json.encode(part)) for part in parts)
        return f"{said}.{to_base64url(self.store.sign(said.encode()))}"


def make_key_store(settings: Settings) -> KeyStore:
    """The driver that the settings choose. Raises SettingsError."""
    choice = settings.terminal_key
    kind = driver_class("terminal_key", choice, settings.file)
    options = driver_settings("terminal_key", choice, kind.Settings, settings.file)
    made: KeyStore = kind(settings.path(settings.terminal.identity), options)
    return made


def load(folder: Path, store: KeyStore | None = None) -> Identity:
    """Raises IdentityError: IDENTITY_MISSING (not enrolled, unreadable), IDENTITY_EXPOSED (open to all)."""
    store = store or FileKeyStore(folder)
    check(folder, store)
    try:
        enrolment = msgspec.json.decode((folder / ENROLMENT_FILE).read_bytes(), type=Enrolment)
    except (OSError, *UNREADABLE) as error:
        detail = f"{ENROLMENT_FILE}: {type(error).__name__}"
        raise IdentityError(Code.IDENTITY_MISSING, detail) from None
    return Identity(store, enrolment, folder)


def check(folder: Path, store: KeyStore) -> None:
    """Is everything there, and ours alone? Raises IdentityError."""
    check_owned(folder, stat.S_IWGRP | stat.S_IWOTH)
    check_owned(folder / ENROLMENT_FILE, stat.S_IWGRP | stat.S_IWOTH)
    store.public()


def enrol(
    url: str, ca: Path, terminal: str, code: str, folder: Path, store: KeyStore | None = None
) -> Identity:
    """Make the key if there is none, show central its public half with the one-time code, keep the answer.

    May be repeated: the same key asks again. Raises IdentityError(ENROLMENT_REFUSED) for a wrong code,
    SettingsError for a URL that is not https, CentralError.
    """
    wire = HttpClient(url, ca, connect_s=10.0, answer_s=30.0)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = store or FileKeyStore(folder)
    store.make()
    question = {"terminal": terminal, "code": code, "public_key": jwk(store.public())}
    answer = wire.call("POST", "/v1/terminals", msgspec.json.encode(question))
    wire.close()
    if answer.status != 201:
        raise _refusal(answer.status, answer.body)
    enrolment = _read_enrolment(answer.body, terminal)
    identity = Identity(store, enrolment, folder)
    write_whole(folder / CA_FILE, ca.read_bytes())
    write_whole(folder / ENROLMENT_FILE, msgspec.json.encode(enrolment))
    return identity


def jwk(public: bytes) -> Jwk:
    """`public`: 32 bytes."""
    return Jwk(to_base64url(public))


def _refusal(status: int, body: bytes) -> IdentityError | Unreachable:
    code = problem_code(body)
    if 400 <= status < 500:
        return IdentityError(code or Code.ENROLMENT_REFUSED, f"central answered {status}")
    return Unreachable(code or Code.CENTRAL_FAULT, f"central answered {status}")


def _read_enrolment(raw: bytes, terminal: str) -> Enrolment:
    try:
        enrolment = msgspec.json.decode(raw, type=Enrolment)
    except UNREADABLE:
        raise Unreachable(Code.CENTRAL_FAULT, "the enrolment cannot be read") from None
    if enrolment.terminal != terminal:
        raise Untrusted(Code.CENTRAL_FAULT, "central enrolled another terminal")
    return enrolment


def _public_key(jwk: Jwk) -> Ed25519PublicKey:
    try:
        if (jwk.kty, jwk.crv) != ("OKP", "Ed25519"):
            raise ValueError("not an Ed25519 key")
        return Ed25519PublicKey.from_public_bytes(from_base64url(jwk.x))
    except ValueError as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"challenge key: {error}") from None
