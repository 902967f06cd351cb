"""The relying party: sends a person to central and judges what comes back.

The request is pushed (RFC 9126): name and ID number of the person who is expected stand in its body, never in
an address. The answer must name its issuer (RFC 9207) and bring a code that only this service can redeem
(PKCE, RFC 7636, S256); the ID token is checked by OpenID Connect Core 1.0, 3.1.3.7, and for the level.
"""

import base64
import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from permit.binding.bindings import Authentication
from permit.codes import Code
from permit.errors import PermitError
from permit.login.client_authentication import ClientAuthentication
from permit.login.provider_keys import ProviderKeys

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Signatures that are accepted: none with a shared secret, and never "none"."""
CLOCK_SLACK_S = 60.0
MAX_SUBJECT = 255  # OpenID Connect Core 1.0, 2
_CREATED = 201
_DENIED = {
    "access_denied": Code.LOGIN_DENIED,
    "unmet_authentication_requirements": Code.LOGIN_LEVEL,
    "temporarily_unavailable": Code.LOGIN_UNAVAILABLE,
}
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "pushed_authorization_request_endpoint",
)


class HttpClient(Protocol):
    """What fetches; see `permit.login.http`."""

    def get(self, url: str) -> dict[str, Any]: ...

    def post(
        self, url: str, form: Mapping[str, str], auth: tuple[str, str] | None
    ) -> tuple[int, dict[str, Any]]: ...


@dataclass(frozen=True)
class Begun:
    """A login: where the browser is sent, and what the answer is checked against."""

    address: str
    state: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Begun(…)"


class _Header(msgspec.Struct):
    kid: str


class RelyingParty:
    """Begins logins and judges their answers."""

    def __init__(
        self,
        *,
        issuer: str,
        redirect_uri: str,
        client: ClientAuthentication,
        http: HttpClient,
        levels: Sequence[str],
        max_age_s: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`levels`: values of `acr` that are accepted. `max_age_s`: how old an authentication may be."""
        self.issuer = issuer
        self._redirect_uri = redirect_uri
        self._client = client
        self._http = http
        self._levels = tuple(levels)
        self._max_age_s = max_age_s
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: dict[str, str] = {}
        self._keys = ProviderKeys(lambda: self._http.get(self._endpoint("jwks_uri")))

    def begin(self, name: str, id_number: str, language: str) -> Begun:
        """Push a request for a person. Raises PermitError if central does not take it."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        form = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "acr_values": " ".join(self._levels),
            "max_age": str(self._max_age_s),
            "ui_locales": language,
            "person_name": name,
            "person_number": id_number,
        }
        status, body = self._post("pushed_authorization_request_endpoint", form)
        uri = body.get("request_uri")
        if status != _CREATED or not isinstance(uri, str):
            raise PermitError(Code.LOGIN_FAILED)
        query = urlencode({"client_id": self._client.id, "request_uri": uri})
        return Begun(f"{self._endpoint('authorization_endpoint')}?{query}", state, nonce, verifier)

    def check_issuer(self, answer: Mapping[str, str]) -> None:
        """Raise PermitError unless the answer names the issuer that was asked."""
        if answer.get("iss") != self.issuer:
            raise PermitError(Code.LOGIN_WRONG_ISSUER)

    def finish(self, answer: Mapping[str, str], nonce: str, verifier: str) -> Authentication:
        """Return whom central authenticated. `answer`: the parameters of the callback. Raises PermitError."""
        self.check_issuer(answer)
        if "error" in answer:
            raise PermitError(_DENIED.get(answer["error"], Code.LOGIN_FAILED))
        form = {
            "grant_type": "authorization_code",
            "code": answer.get("code", ""),
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        status, body = self._post("token_endpoint", form)
        token = body.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise PermitError(Code.LOGIN_FAILED)
        return self._judge(self._claims(token), nonce)

    def _judge(self, claims: Mapping[str, Any], nonce: str) -> Authentication:
        now = self._clock()
        audience = claims.get("aud")
        expires, issued, authenticated = (_number(claims, name) for name in ("exp", "iat", "auth_time"))
        given, subject = claims.get("nonce"), claims.get("sub")
        good = (
            claims.get("iss") == self.issuer
            and audience in (self._client.id, [self._client.id])
            and claims.get("azp", self._client.id) == self._client.id
            and now < expires + CLOCK_SLACK_S
            and issued <= now + CLOCK_SLACK_S
            and isinstance(given, str)
            and hmac.compare_digest(given.encode(), nonce.encode())
            and isinstance(subject, str)
            and 0 < len(subject) <= MAX_SUBJECT
            and now - self._max_age_s - CLOCK_SLACK_S <= authenticated <= now + CLOCK_SLACK_S
        )
        if not good:
            raise PermitError(Code.LOGIN_FAILED)
        level = claims.get("acr")
        if level not in self._levels:
            raise PermitError(Code.LOGIN_LEVEL)
        return Authentication(str(subject), str(level), authenticated)

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            return jwt.decode(token, self._keys.set_with(_key_id(token)), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError):
            raise PermitError(Code.LOGIN_FAILED) from None

    def _post(self, endpoint: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        more, auth = self._client.of_request(self.issuer)
        return self._http.post(self._endpoint(endpoint), {**form, **more}, auth)

    def _endpoint(self, name: str) -> str:
        """Return an address of the provider, from its discovery document. Raises PermitError."""
        with self._lock:
            if not self._metadata:
                self._metadata = self._discover()
            return self._metadata[name]

    def _discover(self) -> dict[str, str]:
        found = self._http.get(f"{self.issuer}/.well-known/openid-configuration")
        addresses = {name: found.get(name) for name in _ENDPOINTS}
        ours = all(isinstance(one, str) and one.startswith("https://") for one in addresses.values())
        if found.get("issuer") != self.issuer or not ours:
            raise PermitError(Code.LOGIN_UNAVAILABLE)
        return {name: str(address) for name, address in addresses.items()}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _key_id(token: str) -> str:
    """Return `kid` of a token's header, which is not checked yet. Raises ValueError."""
    header = token.partition(".")[0]
    text = base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
    return msgspec.json.decode(text, type=_Header).kid


def _number(claims: Mapping[str, Any], name: str) -> float:
    """Return a claim that is a time; NaN, with which no comparison holds, if it is none."""
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
