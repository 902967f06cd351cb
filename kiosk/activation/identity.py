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
from kiosk.activation.answers import content
from kiosk.activation.encoding import from_base64url, to_base64url
from kiosk.activation.http_client import HttpClient, HttpResponse
from kiosk.activation.keystore import FileKeyStore, check_owned
from kiosk.activation.messages import Enrolment, Jwk, SealingKey
from kiosk.activation.public_key import describe_key
from kiosk.activation.sealing import Sealer
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, IdentityError, Unacceptable, Unreachable, Untrusted
from kiosk.files import OTHERS_WRITE, make_private, write_whole
from kiosk.model import ReaderIdentity
from kiosk.ports import KeyStore
from kiosk.settings import Settings, driver_class, driver_settings

ENROLMENT_FILE = "enrolment.json"
CA_FILE = "central-ca.pem"


class Identity:
    """The enrolled terminal: its number, its keys and what enrolment brought."""

    def __init__(self, store: KeyStore, enrolment: Enrolment, folder: Path) -> None:
        """Raises IdentityError if the terminal's key or one that enrolment brought cannot be used."""
        self.store = store
        self._key = describe_key(store.public())  # a later one is of the same kind
        self.terminal = enrolment.terminal
        self.place = enrolment.place
        self.challenge_key = _public_key(enrolment.challenge_key)
        self.sealer = Sealer(enrolment.sealing)
        self._sealing = enrolment.sealing
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
            algorithm=self._key.http_algorithm,
            headers=headers or {},
            now=now,
        )

    def use_sealing_key(self, key: SealingKey) -> bool:
        """Seal to `key` from now on and after a restart. Returns False if it is in use already.

        Raises IdentityError for a key or suite that cannot be used; the key before stays in use.
        """
        if key == self._sealing:
            return False
        sealer = Sealer(key)
        _keep(self._folder, replace(_read_kept(self._folder), sealing=key))
        self.sealer, self._sealing = sealer, key
        return True

    @property
    def reader(self) -> ReaderIdentity | None:
        """The card reader that is pinned to this terminal; None: enrolled before readers were pinned.

        Read from the disk each time: staff may pin another while the terminal runs. Raises IdentityError.
        """
        return _read_kept(self._folder).reader

    def use_reader(self, reader: ReaderIdentity) -> None:
        """Pin `reader` from now on and after a restart. Raises IdentityError, OSError."""
        _keep(self._folder, replace(_read_kept(self._folder), reader=reader))

    def signed_token(self, claims: dict[str, Any], token_type: str) -> str:
        """Return a JWT (RFC 7519) of type `token_type` with `claims` and this terminal as issuer.

        It is put together here because the key may be in a chip, which PyJWT could not use.
        """
        parts = ({"alg": self._key.jwt_algorithm, "typ": token_type}, {"iss": self.terminal} | claims)
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
    return Identity(store, _read_kept(folder), folder)


def check(folder: Path, store: KeyStore) -> None:
    """Check that folder, enrolment and key are there and open to this user only. Raises IdentityError."""
    check_owned(folder, stat.S_IWGRP | stat.S_IWOTH)
    check_owned(folder / ENROLMENT_FILE, stat.S_IWGRP | stat.S_IWOTH)
    store.public()


def enrol(
    url: str,
    ca: Path,
    terminal: str,
    code: str,
    folder: Path,
    store: KeyStore | None = None,
    *,
    reader: ReaderIdentity,
) -> Identity:
    """Make the key if there is none, send its public half with the one-time code, keep central's answer.

    `reader`: the one that is connected; it is pinned on both sides.

    May be repeated, with the same key. Raises IdentityError(ENROLMENT_REFUSED) for a wrong code,
    SettingsError for a URL that is not https, CentralError.
    """
    http = HttpClient(url, ca, connect_s=10.0, answer_s=30.0)
    make_private(folder, OTHERS_WRITE)
    store = store or FileKeyStore(folder)
    store.make()
    public_key = describe_key(store.public()).jwk
    request = {"terminal": terminal, "code": code, "public_key": public_key, "reader": reader}
    response = http.call("POST", "/v1/terminals", msgspec.json.encode(request))
    http.close()
    enrolment = _read_enrolment(accepted_content(response, 201), terminal, reader)
    identity = Identity(store, enrolment, folder)
    write_whole(folder / CA_FILE, ca.read_bytes())
    _keep(folder, enrolment)
    return identity


def accepted_content(response: HttpResponse, status: int = 200) -> bytes:
    """Return the body if central accepted an enrolment, a rotation or a card reader.

    Raises IdentityError if central refused it, Unreachable for any other answer.
    """
    try:
        return content(response, status)
    except (Untrusted, Unacceptable) as error:
        raise IdentityError(error.code, error.detail) from None


def _read_kept(folder: Path) -> Enrolment:
    try:
        return msgspec.json.decode((folder / ENROLMENT_FILE).read_bytes(), type=Enrolment)
    except (OSError, *UNREADABLE) as error:
        detail = f"{ENROLMENT_FILE}: {type(error).__name__}"
        raise IdentityError(Code.IDENTITY_MISSING, detail) from None


def _keep(folder: Path, enrolment: Enrolment) -> None:
    write_whole(folder / ENROLMENT_FILE, msgspec.json.encode(enrolment))


def _read_enrolment(raw: bytes, terminal: str, reader: ReaderIdentity) -> Enrolment:
    try:
        enrolment = msgspec.json.decode(raw, type=Enrolment)
    except UNREADABLE:
        raise Unreachable(Code.CENTRAL_FAULT, "the enrolment cannot be read") from None
    if enrolment.terminal != terminal:
        raise Untrusted(Code.CENTRAL_FAULT, "central enrolled another terminal")
    if enrolment.reader != reader:
        raise Untrusted(Code.CENTRAL_FAULT, "central pinned another card reader")
    return enrolment


def _public_key(jwk: Jwk) -> Ed25519PublicKey:
    try:
        if (jwk.kty, jwk.crv) != ("OKP", "Ed25519"):
            raise ValueError("not an Ed25519 key")
        return Ed25519PublicKey.from_public_bytes(from_base64url(jwk.x))
    except ValueError as error:
        raise IdentityError(Code.IDENTITY_MISSING, f"challenge key: {error}") from None
