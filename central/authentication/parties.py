"""Relying parties: registered by an operator, and what each may do."""

import hmac
import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.orm import Session

from central.authentication.levels import Level
from central.storage.authentication_tables import RelyingParty

SCOPE = "openid"
BASIC, ASSERTION = "client_secret_basic", "private_key_jwt"


@dataclass(frozen=True, kw_only=True)
class Party(ClientMixin):  # type: ignore[misc]
    """A relying party as Authlib asks about it."""

    id: str
    name: str
    purpose: str
    sector: str
    redirect_uris: tuple[str, ...]
    levels: tuple[Level, ...]
    secret_sha256: str | None
    jwks: Any
    pushed_required: bool

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str | None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return "openid" if that was asked for; other scopes do not exist here."""
        return SCOPE if (scope or "").split() == [SCOPE] else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        digest = sha256(client_secret.encode()).hexdigest()
        return self.secret_sha256 is not None and hmac.compare_digest(digest, self.secret_sha256)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == (BASIC if self.jwks is None else ASSERTION)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


def find_party(session: Session, party: str) -> Party | None:
    """Return a relying party; None if there is none of that id, or it is disabled."""
    row = session.get(RelyingParty, party)
    if row is None or row.disabled_unix is not None:
        return None
    return Party(
        id=row.id,
        name=row.name,
        purpose=row.purpose,
        sector=row.sector,
        redirect_uris=tuple(json.loads(row.redirect_uris)),
        levels=tuple(Level(level) for level in json.loads(row.levels)),
        secret_sha256=row.secret_sha256,
        jwks=None if row.jwks is None else json.loads(row.jwks),
        pushed_required=row.pushed_required,
    )


def register(
    session: Session,
    *,
    id: str,
    name: str,
    purpose: str,
    redirect_uris: list[str],
    levels: list[Level],
    jwks: str | None,
    pushed_required: bool = True,
    now: float,
) -> str | None:
    """Register a relying party and return its secret, shown this once; None if it signs with its own key.

    `jwks`: its public keys as a JWK set, for `private_key_jwt`. Its sector is the host of its redirect URIs.
    Raises ValueError.
    """
    hosts = {_host(uri) for uri in redirect_uris}
    if len(hosts) != 1:
        raise ValueError("give one redirect URI or more, all of one host")
    if not levels:
        raise ValueError("give a level or more")
    secret = None if jwks is not None else secrets.token_urlsafe(32)
    session.add(
        RelyingParty(
            id=id,
            name=name,
            purpose=purpose,
            sector=hosts.pop(),
            redirect_uris=json.dumps(redirect_uris),
            levels=json.dumps([level.value for level in levels]),
            secret_sha256=None if secret is None else sha256(secret.encode()).hexdigest(),
            jwks=None if jwks is None else _public_keys(jwks),
            pushed_required=pushed_required,
            added_unix=now,
        )
    )
    session.flush()
    return secret


def _host(uri: str) -> str:
    """Return the host of a redirect URI. Raises ValueError unless it is https, or http on this machine."""
    parts = urlsplit(uri)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.fragment or not (parts.scheme == "https" or local):
        raise ValueError("a redirect URI is an https address without a fragment")
    return parts.hostname


def _public_keys(text: str) -> str:
    try:
        keys = KeySet.import_key_set(json.loads(text))
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("not a JWK set") from None
    if not keys.keys or any(key.is_private or key.key_type == "oct" for key in keys.keys):
        raise ValueError("not a set of public keys")
    return json.dumps(keys.as_dict(private=False))
