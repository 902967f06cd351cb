"""Enrol the terminal, load its identity and sign with its key, which is made here and never leaves.

A folder holds `enrolment.json`, `central-ca.pem` and, with the software key store, the key. A user who could
write there could exchange central's sealing key for their own; so neither the folder nor its files may be
writable, nor the key readable, by any other user.
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
from kiosk.activation.http_client import HttpClient, HttpResponse
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
    """The enrolled terminal: its number, its keys and what enrolment brought."""

    def __init__(self, store: KeyStore, enrolment: Enrolment, folder: Path) -> None:
        """Raises IdentityError if a key that enrolment brought cannot be used."""
        self.store = store
        self.terminal = enrolment.terminal
        self.place = enrolment.place
        self.challenge_key = _public_key(enrolment.challenge_key)
        self.sealer = Sealer(enrolment.sealing)
        self._enrolment = enrolment
        self._folder = folder

    def signed_headers(
        self,
        method: str,
        path: str,
        body: bytes,
        now: float,
        *,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> dict[str, str]:
        """Return `headers` and those that sign this one call. Raises IdentityError.

        `sign` signs with another key than the store's present one.
        """
        return signing.sign_request(
            method,
            path,
            body,
            terminal=self.terminal,
            sign=sign or self.store.sign,
            headers=headers or {},
            now=now,
        )

    def use_sealing_key(self, key: SealingKey) -> bool:
        """Seal to `key` from now on and after a restart. Returns False if it is in use already.

        Raises IdentityError for a key or suite that cannot be used; the key before stays in use.
        """
        if key == self._enrolment.sealing:
            return False
        sealer = Sealer(key)
        self._enrolment = replace(self._enrolment, sealing=key)
        write_whole(self._folder / ENROLMENT_FILE, msgspec.json.encode(self._enrolment))
        self.sealer = sealer
        return True

    def signed_token(self, claims: dict[str, Any], token_type: str) -> str:
        """Return a JWT (EdDSA, RFC 7519) of type `token_type` with `claims` and this terminal as issuer.

        It is put together here because the key may be in a chip, which PyJWT could not use.
        """
        parts = ({"alg": "EdDSA", "typ": token_type}, {"iss": self.terminal} | claims)
        signing_input = ".".join(to_base64url(msgspec.json.encode(part)) for part in parts)
        return f"{signing_input}.{to_base64url(self.store.sign(signing_input.encode()))}"


def make_key_store(settings: Settings) -> KeyStore:
    """Make the key store whose driver the settings choose. Raises SettingsError."""
    choice = settings.terminal_key
    driver = driver_class("terminal_key", choice, settings.file)
    options = driver_settings("terminal_key", choice, driver.Settings, settings.file)
    store: KeyStore = driver(settings.path(settings.terminal.identity), options)
    return store


def load(folder: Path, store: KeyStore | None = None) -> Identity:
    """Load the identity in `folder`.

    Raises IdentityError: IDENTITY_MISSING (not enrolled, unreadable), IDENTITY_EXPOSED (open to other users).
    """
    store = store or FileKeyStore(folder)
    check(folder, store)
    try:
        enrolment = msgspec.json.decode((folder / ENROLMENT_FILE).read_bytes(), type=Enrolment)
    except (OSError, *UNREADABLE) as error:
        detail = f"{ENROLMENT_FILE}: {type(error).__name__}"
        raise IdentityError(Code.IDENTITY_MISSING, detail) from None
    return Identity(store, enrolment, folder)


def check(folder: Path, store: KeyStore) -> None:
    """Check that folder, enrolment and key are there and open to this user only. Raises IdentityError."""
    check_owned(folder, stat.S_IWGRP | stat.S_IWOTH)
    check_owned(folder / ENROLMENT_FILE, stat.S_IWGRP | stat.S_IWOTH)
    store.public()


def enrol(
    url: str, ca: Path, terminal: str, code: str, folder: Path, store: KeyStore | None = None
) -> Identity:
    """Make the key if there is none, send its public half with the one-time code, keep central's answer.

    May be repeated, with the same key. Raises IdentityError(ENROLMENT_REFUSED) for a wrong code,
    SettingsError for a URL that is not https, CentralError.
    """
    http = HttpClient(url, ca, connect_s=10.0, answer_s=30.0)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = store or FileKeyStore(folder)
    store.make()
    request = {"terminal": terminal, "code": code, "public_key": jwk(store.public())}
    response = http.call("POST", "/v1/terminals", msgspec.json.encode(request))
    http.close()
    if response.status != 201:
        raise refusal(response)
    enrolment = _read_enrolment(response.body, terminal)
    identity = Identity(store, enrolment, folder)
    write_whole(folder / CA_FILE, ca.read_bytes())
    write_whole(folder / ENROLMENT_FILE, msgspec.json.encode(enrolment))
    return identity


def jwk(public: bytes) -> Jwk:
    """Return the key in JWK form (RFC 8037). `public`: 32 bytes."""
    return Jwk(to_base64url(public))


def refusal(response: HttpResponse) -> IdentityError | Unreachable:
    """Return the error for a refused enrolment or rotation: IdentityError for 4xx, else Unreachable."""
    code = problem_code(response.body)
    detail = f"central answered {response.status}"
    if 400 <= response.status < 500:
        return IdentityError(code or Code.ENROLMENT_REFUSED, detail)
    return Unreachable(code or Code.CENTRAL_FAULT, detail)


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
