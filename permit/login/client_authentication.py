"""How this service proves to central that it is itself: with a key of its own, or with a secret."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION_S = 60
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523


class ClientAuthentication(Protocol):
    """What a request to the provider brings along."""

    @property
    def id(self) -> str:
        """Return the client's id."""

    def of_request(self, issuer: str) -> tuple[dict[str, str], tuple[str, str] | None]:
        """Return parameters to add to a form, and name and secret for basic authentication, or None."""


@dataclass(frozen=True)
class Secret:
    """`client_secret_basic`."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return "Secret(…)"

    def of_request(self, issuer: str) -> tuple[dict[str, str], tuple[str, str] | None]:
        """Return nothing to add, and the secret."""
        return {}, (self.id, self.secret)


@dataclass(frozen=True)
class PrivateKey:
    """`private_key_jwt`: each request brings an assertion that is signed for it."""

    id: str
    key: ECKey
    clock: Callable[[], float] = time.time

    def __repr__(self) -> str:
        return "PrivateKey(…)"

    def of_request(self, issuer: str) -> tuple[dict[str, str], tuple[str, str] | None]:
        """Return an assertion, good once and for a minute."""
        now = int(self.clock())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_S,
        }
        assertion = jwt.encode({"alg": "ES256", "kid": self.key.thumbprint()}, claims, self.key)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}, None
