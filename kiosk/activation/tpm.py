"""Use keys in a TPM 2.0 through the ESAPI of tpm2-tss (package `tpm2-pytss`, extra `tpm`).

Keys are made under the storage primary key (TCG ECC SRK template) of an owner hierarchy without a password.
Their private parts leave the TPM only wrapped by it, so that no memory of the TPM is used up and no other TPM
can load them. One key stays loaded, because loading costs a TPM more than signing.

Whatever fails is tried once more with a new connection: after a reset or a suspend the TPM has forgotten the
loaded key.

What the package returns is memory of the C library: a part of it is gone with the whole. So each whole has a
name here until its parts have been copied.
"""

from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Any, TypeVar

from msgspec import Struct
from tpm2_pytss import (
    ESAPI,
    ESYS_TR,
    TPM2_ALG,
    TPM2B_PRIVATE,
    TPM2B_PUBLIC,
    TPMS_ECC_POINT,
    TPMS_SCHEME_HASH,
    TPMT_SIG_SCHEME,
    TPMU_PUBLIC_ID,
    TPMU_SIG_SCHEME,
    TSS2_Exception,
)

from kiosk.codes import Code
from kiosk.errors import IdentityError

T = TypeVar("T")

_BOUND = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda"
_STORAGE = TPM2B_PUBLIC.parse("ecc256:aes128cfb", objectAttributes=f"{_BOUND}|restricted|decrypt")
_STORAGE.publicArea.unique = TPMU_PUBLIC_ID(ecc=TPMS_ECC_POINT(x=bytes(32), y=bytes(32)))
SIGNING = TPM2B_PUBLIC.parse("ecc256:ecdsa-sha256", objectAttributes=f"{_BOUND}|sign")
"""Template of a key that signs with ECDSA, P-256 and SHA-256."""
HMAC = TPM2B_PUBLIC.parse("hmac:sha256", objectAttributes=f"{_BOUND}|sign")
"""Template of a key for HMAC-SHA-256."""
_ECDSA = TPMT_SIG_SCHEME(
    scheme=TPM2_ALG.ECDSA, details=TPMU_SIG_SCHEME(any=TPMS_SCHEME_HASH(hashAlg=TPM2_ALG.SHA256))
)


class WrappedKey(Struct, frozen=True):
    """A key as the TPM returned it; only this TPM can use it."""

    public: bytes
    private: bytes


class Tpm:
    """One TPM. Safe to use from several threads; every method raises IdentityError(IDENTITY_MISSING)."""

    def __init__(self, tcti: str) -> None:
        """`tcti`: how the TPM is reached, as tpm2-tools write it ("device:/dev/tpmrm0")."""
        self._tcti = tcti
        self._connection: ESAPI | None = None
        self._loaded: tuple[WrappedKey, ESYS_TR] | None = None
        self._lock = Lock()

    def make(self, template: TPM2B_PUBLIC) -> WrappedKey:
        """Make a key."""

        def create(tpm: ESAPI) -> WrappedKey:
            private, public, *_ = _under_storage_key(tpm, lambda parent: tpm.create(parent, None, template))
            return WrappedKey(public.marshal(), private.marshal())

        return self._run(create)

    def public(self, key: WrappedKey) -> bytes:
        """Return the point x ‖ y (64 bytes) of a signing key that the TPM has loaded."""

        def read(tpm: ESAPI) -> bytes:
            found, *_ = tpm.read_public(self._load(tpm, key))
            if found.publicArea.type != TPM2_ALG.ECC:
                raise IdentityError(Code.IDENTITY_MISSING, "not a signing key")
            point = found.publicArea.unique.ecc
            return _padded(point.x) + _padded(point.y)

        return self._run(read)

    def sign(self, key: WrappedKey, message: bytes) -> bytes:
        """Return the signature r ‖ s (64 bytes)."""
        digest = sha256(message).digest()

        def sign(tpm: ESAPI) -> bytes:
            made = tpm.sign(self._load(tpm, key), digest, _ECDSA)
            ecdsa = made.signature.ecdsa
            return _padded(ecdsa.signatureR) + _padded(ecdsa.signatureS)

        return self._run(sign)

    def hmac(self, key: WrappedKey, message: bytes) -> bytes:
        """Return the HMAC (32 bytes)."""
        return self._run(lambda tpm: bytes(tpm.hmac(self._load(tpm, key), message, TPM2_ALG.SHA256)))

    def close(self) -> None:
        """Unload the key and close the connection; the next call opens another."""
        with self._lock:
            self._close()

    def _run(self, use: Callable[[ESAPI], T]) -> T:
        with self._lock:
            try:
                return use(self._connected())
            except TSS2_Exception:
                self._close()
            try:
                return use(self._connected())
            except TSS2_Exception as error:
                self._close()
                raise IdentityError(Code.IDENTITY_MISSING, f"TPM {self._tcti}: {error}") from None

    def _connected(self) -> ESAPI:
        if self._connection is None:
            self._connection = ESAPI(self._tcti)
        return self._connection

    def _load(self, tpm: ESAPI, key: WrappedKey) -> ESYS_TR:
        if self._loaded is not None and self._loaded[0] == key:
            return self._loaded[1]
        self._unload(tpm)
        private, _ = TPM2B_PRIVATE.unmarshal(key.private)
        public, _ = TPM2B_PUBLIC.unmarshal(key.public)
        handle = _under_storage_key(tpm, lambda parent: tpm.load(parent, private, public))
        self._loaded = key, handle
        return handle

    def _unload(self, tpm: ESAPI) -> None:
        """Free the key's place: without a resource manager a TPM has three."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            tpm.flush_context(loaded[1])

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            self._unload(connection)
        except TSS2_Exception:
            pass  # it has forgotten the key, or is not there any more
        finally:
            connection.close()


def _under_storage_key(tpm: ESAPI, use: Callable[[ESYS_TR], T]) -> T:
    """Derive the storage primary key, which is always the same, and use it as the parent."""
    parent, *_ = tpm.create_primary(None, _STORAGE, ESYS_TR.OWNER)
    try:
        return use(parent)
    finally:
        tpm.flush_context(parent)


def _padded(number: Any) -> bytes:
    """Return 32 bytes: a TPM may leave out leading zeros."""
    return bytes(number).rjust(32, b"\0")
