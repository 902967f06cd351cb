"""The provider's public keys, fetched again when a token names one that is not known."""

import threading
import time
from collections.abc import Callable
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from permit.codes import Code
from permit.errors import PermitError

AGAIN_S = 60.0
"""Between two fetches for unknown keys: a token with an invented key id must not make this service ask on."""


class ProviderKeys:
    """Keys by their id."""

    def __init__(
        self, fetch: Callable[[], dict[str, Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`fetch`: returns the JWK set; may raise PermitError. `clock`: seconds of any clock."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = 0.0

    def set_with(self, kid: str) -> KeySet:
        """Return a set that has the key. Raises PermitError if the provider has none of this id."""
        with self._lock:
            if not self._has(kid) and (self._keys is None or self._clock() - self._fetched_at >= AGAIN_S):
                self._keys = _import(self._fetch())
                self._fetched_at = self._clock()
            if self._keys is None or not self._has(kid):
                raise PermitError(Code.LOGIN_FAILED)
            return self._keys

    def _has(self, kid: str) -> bool:
        return self._keys is not None and any(key.kid == kid for key in self._keys.keys)


def _import(document: Any) -> KeySet:
    try:
        return KeySet.import_key_set(document)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise PermitError(Code.LOGIN_UNAVAILABLE) from None
