"""The OpenID Connect provider: authorization code with PKCE, pushed requests, pairwise subjects.

Authlib judges what OAuth and OpenID Connect prescribe; here is what it leaves to the server: parties,
requests, codes and keys in the database, and what is stricter than the standards ask for. Each call is one
transaction; what was used up (a code, a client's assertion) stays used up when the call is refused.

Standards: OpenID Connect Core 1.0; RFC 6749, 7523, 7636 (S256 only), 9126 (pushed requests), 9207 (`iss`).
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from central.authentication import requests
from central.authentication.levels import Level
from central.authentication.parties import ASSERTION, BASIC, SCOPE, Party, find_party
from central.authentication.requests import HANDLE_S, OpenRequest
from central.authentication.signing_keys import ALGORITHM, KeyPair, published_keys, signing_key
from central.authentication.subjects import subject_of
from central.credentials import suspension
from central.security.personal_data import PersonalData
from central.storage.authentication_tables import AccessToken, AuthorizationCode, ClientAssertion
from central.storage.database import Database
from central.storage.owner_tables import Use

CODE_S = 60.0
TOKEN_S = 420
ASSERTION_S = 600.0
"""The longest life of a client's assertion: so long its `jti` must be remembered."""
PERSON = ("person_name", "person_number")
"""Parameters of a pushed request that name whom the party expects."""
MAX_PARAMETER = 2048

Pairs = Sequence[tuple[str, str]]


@dataclass
class Reply:
    """A response: JSON, or a redirection to `location`."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str | None:
        """Return where the browser is sent."""
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self.headers["Location"] = value


@dataclass(frozen=True)
class Visitor:
    """A browser session: what is asked of the person, and by whom."""

    request: OpenRequest
    party: Party


class RequestOver(Exception):  # noqa: N818
    """The request was used, has ended or never was: the person must begin again at the relying party."""


class Provider:
    """Answers relying parties and sends people back to them."""

    def __init__(
        self,
        *,
        database: Database,
        protection: PersonalData,
        issuer: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`issuer`: the public https address, without a slash at the end."""
        self._database = database
        self._protection = protection
        self._clock = clock
        self.issuer = issuer

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery 1.0)."""
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "pushed_authorization_request_endpoint": "par",
        }
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/oidc/{path}" for name, path in endpoints.items()},
            "scopes_supported": [SCOPE],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "acr_values_supported": [level.value for level in Level],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": [BASIC, ASSERTION],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "at_hash"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "ui_locales_supported": ["zh-Hans", "zh-Hant", "en"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the keys that check ID tokens; the first call makes one."""
        with self._database.write() as session:
            signing_key(session, self._protection, self._clock())
            return published_keys(session)

    def push(self, pairs: Pairs, headers: Mapping[str, str]) -> Reply:
        """Take a pushed request (RFC 9126)."""
        with self._database.write() as session:
            server = self._server(session)
            request = self._request("par", pairs, headers)
            try:
                party = server.authenticate_client(request, [BASIC, ASSERTION])
                parameters = self._checked(server, request, party, pushed=True)
            except OAuth2Error as error:
                return _refusal(server, request, error)
            uri = requests.push(session, self._protection, party.id, parameters, self._clock())
        return Reply(201, {"request_uri": uri, "expires_in": int(HANDLE_S)}, {"Cache-Control": "no-store"})

    def begin(self, pairs: Pairs) -> str:
        """Return the secret of a browser session for an authorization request.

        Raises RequestOver if its handle is used up, and OAuth2Error if it is no request: nothing is sent back
        to an address that no party vouched for.
        """
        with self._database.write() as session:
            server = self._server(session)
            request = self._request("authorize", pairs, {})
            given = request.payload.data
            party = find_party(session, given.get("client_id", ""))
            if party is None:
                raise InvalidRequestError("unknown client")
            uri = given.get("request_uri")
            if uri is None:
                if party.pushed_required:
                    raise InvalidRequestError("this client must push its requests")
                parameters = self._checked(server, request, party, pushed=False)
                uri = requests.push(session, self._protection, party.id, parameters, self._clock())
            secret = requests.open_session(session, party.id, uri, self._clock())
        if secret is None:
            raise RequestOver
        return secret

    def visitor(self, secret: str) -> Visitor:
        """Return what a browser session is about. Raises RequestOver."""
        with self._database.read() as session:
            request = requests.find_open(session, self._protection, secret, self._clock())
            party = None if request is None else find_party(session, request.party)
        if request is None or party is None:
            raise RequestOver
        return Visitor(request, party)

    def settle(self, secret: str, person: str, level: Level) -> None:
        """Note that the person of a session was authenticated. `person`: keyed hash.

        Raises RequestOver, also if the relying party expects another person.
        """
        visitor = self.visitor(secret)
        expected = visitor.request.parameters.get("person_number")
        if expected and self._protection.person(expected) != person:
            raise RequestOver
        with self._database.write() as session:
            if not requests.settle(session, visitor.request.id, person, level, self._clock()):
                raise RequestOver

    def finish(self, secret: str) -> str:
        """Return the address to send the person back to, with a code or an error. Raises RequestOver."""
        visitor = self.visitor(secret)
        try:
            return self._finish(visitor)
        except IntegrityError:  # the person's first subject in this sector was made at the same moment
            return self._finish(visitor)

    def token(self, pairs: Pairs, headers: Mapping[str, str]) -> Reply:
        """Redeem a code."""
        with self._database.write() as session:
            server = self._server(session)
            reply: Reply = server.create_token_response(self._request("token", pairs, headers))
            return reply

    def userinfo(self, authorization: str) -> Reply:
        """Return the subject of an access token."""
        kind, _, token = authorization.partition(" ")
        with self._database.read() as session:
            row = session.get(AccessToken, _sha256(token)) if kind.lower() == "bearer" else None
        if row is None or row.expires_unix <= self._clock():
            return Reply(
                401, {"error": "invalid_token"}, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            )
        return Reply(200, {"sub": row.subject}, {"Cache-Control": "no-store"})

    def _finish(self, visitor: Visitor) -> str:
        now = self._clock()
        with self._database.write() as session:
            request, party = visitor.request, visitor.party
            if not requests.end(session, request.id, now):
                raise RequestOver
            server = self._server(session)
            oauth = self._request("authorize", list(request.parameters.items()), {})
            person = request.person
            if (
                person is None
                or suspension.is_suspended(session, person)
                or suspension.has_ended(session, person)
            ):
                return self._error(request, "access_denied")
            wanted = request.parameters.get("acr_values", "").split()
            if wanted and request.level not in wanted:
                return self._error(request, "unmet_authentication_requirements")
            grant = server.get_authorization_grant(oauth)
            assert request.level is not None
            session.add(Use(person=person, party=party.id, level=request.level.value, at_unix=now))
            user = _User(subject_of(session, party.sector, person), request)
            reply: Reply = server.create_authorization_response(oauth, user, grant)
        assert reply.location is not None  # the request was checked when it came
        return reply.location

    def _error(self, request: OpenRequest, error: str) -> str:
        parameters = {"error": error, "iss": self.issuer}
        if "state" in request.parameters:
            parameters["state"] = request.parameters["state"]
        uri = request.parameters["redirect_uri"]
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}"

    def _checked(
        self, server: "_Server", request: "_Request", party: Party, *, pushed: bool
    ) -> dict[str, str]:
        """Return the parameters of an authorization request that keeps all rules. Raises OAuth2Error."""
        given = request.payload.data
        if any(len(values) > 1 for values in request.payload.datalist.values()):
            raise InvalidRequestError("a parameter is there twice")
        if any(len(value) > MAX_PARAMETER for value in given.values()):
            raise InvalidRequestError("a parameter is too long")
        if given.setdefault("client_id", party.id) != party.id:
            raise InvalidRequestError("another client's request")
        if "request_uri" in given or "request" in given:
            raise InvalidRequestError("request objects are not supported")
        if given.get("response_mode", "query") != "query":
            raise InvalidRequestError("unsupported response_mode")
        named = [name for name in PERSON if given.get(name)]
        if named and (not pushed or len(named) != len(PERSON)):
            raise InvalidRequestError("a person is named whole, and in a pushed request only")
        levels = given.get("acr_values", "").split()
        if not set(levels) <= {level.value for level in party.levels}:
            raise InvalidRequestError("this client may not ask for this level")
        if not given.get("max_age", "0").isdigit():
            raise InvalidRequestError("max_age is no number of seconds")
        grant = server.get_authorization_grant(request)
        grant.validate_consent_request()
        secret = ("client_assertion", "client_assertion_type", "client_secret")
        return {name: value for name, value in given.items() if name not in secret}

    def _server(self, session: Session) -> "_Server":
        return _Server(session, self._protection, self.issuer, self._clock())

    def _request(self, path: str, pairs: Pairs, headers: Mapping[str, str]) -> "_Request":
        return _Request(f"{self.issuer}/oidc/{path}", pairs, headers)


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, pairs: Pairs) -> None:
        self._data = dict(pairs)
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, uri: str, pairs: Pairs, headers: Mapping[str, str]) -> None:
        super().__init__("POST", uri, headers=dict(headers))
        self.payload = _Payload(pairs)

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


@dataclass(frozen=True)
class _User:
    """Who was authenticated for a request."""

    subject: str
    request: OpenRequest


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for one transaction."""

    def __init__(self, session: Session, protection: PersonalData, issuer: str, now: float) -> None:
        super().__init__(scopes_supported=[SCOPE])
        self.session, self.protection, self.issuer, self.now = session, protection, issuer, now
        self.register_grant(_CodeGrant, [_StrictChallenge(), _IdToken(self)])
        self.register_client_auth_method(ASSERTION, _Assertion(self))
        self.register_extension(lambda server: _Issuer(issuer)(server))
        self.register_token_generator("default", _make_token)

    def query_client(self, client_id: str) -> Party | None:
        return find_party(self.session, client_id)

    def save_token(self, token: dict[str, Any], request: _Request) -> None:
        self.session.add(
            AccessToken(
                sha256=_sha256(token["access_token"]),
                party=request.client.id,
                subject=request.user.subject,
                expires_unix=self.now + TOKEN_S,
            )
        )

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: no one listens."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Reply:
        return Reply(status, body if isinstance(body, dict) else {}, dict(headers))


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (BASIC, ASSERTION)

    def save_authorization_code(self, code: str, request: _Request) -> None:
        user: _User = request.user
        given = user.request.parameters
        self.server.session.add(
            AuthorizationCode(
                sha256=_sha256(code),
                party=user.request.party,
                redirect_uri=given["redirect_uri"],
                scope=SCOPE,
                nonce=given["nonce"],
                code_challenge=given["code_challenge"],
                subject=user.subject,
                level=user.request.level,
                authenticated_unix=user.request.authenticated_unix,
                expires_unix=self.server.now + CODE_S,
            )
        )

    def query_authorization_code(self, code: str, client: Party) -> "_Code | None":
        """Take the code out: whatever comes of it, it is spent, and of two who bring it one gets it."""
        taken = (
            delete(AuthorizationCode)
            .where(AuthorizationCode.sha256 == _sha256(code), AuthorizationCode.party == client.id)
            .where(AuthorizationCode.expires_unix > self.server.now)
            .returning(AuthorizationCode)
        )
        row = self.server.session.scalar(taken)
        return None if row is None else _Code.of(row)

    def delete_authorization_code(self, authorization_code: "_Code") -> None:
        """Do nothing: it was taken out."""

    def authenticate_user(self, authorization_code: "_Code") -> "_Code":
        return authorization_code


@dataclass(frozen=True, kw_only=True)
class _Code:
    """A code as Authlib asks about it."""

    redirect_uri: str
    nonce: str
    code_challenge: str
    subject: str
    level: str
    authenticated_unix: float
    code_challenge_method: str = "S256"

    @staticmethod
    def of(row: AuthorizationCode) -> "_Code":
        return _Code(
            redirect_uri=row.redirect_uri,
            nonce=row.nonce,
            code_challenge=row.code_challenge,
            subject=row.subject,
            level=row.level,
            authenticated_unix=row.authenticated_unix,
        )

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return SCOPE

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.authenticated_unix)

    def get_acr(self) -> str:
        return self.level

    def get_amr(self) -> None:
        return None


class _StrictChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client, with S256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: _CodeGrant, redirect_uri: str) -> None:
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class _IdToken(OpenIDCode):  # type: ignore[misc]
    def __init__(self, server: _Server) -> None:
        super().__init__(require_nonce=True)
        self._server = server
        self._key: KeyPair | None = None

    def exists_nonce(self, nonce: str, request: _Request) -> bool:
        return False  # each request is taken once, and brings its nonce back once

    def resolve_client_private_key(self, client: Party) -> Any:
        return self._pair().key

    def get_client_algorithm(self, client: Party) -> str:
        return ALGORITHM

    def get_encode_header(self, client: Party) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": self._pair().id}

    def get_client_claims(self, client: Party) -> dict[str, Any]:
        now = int(self._server.now)
        return {"iss": self._server.issuer, "aud": [client.id], "iat": now, "exp": now + TOKEN_S}

    def generate_user_info(self, user: _Code, scope: str) -> dict[str, str]:
        return {"sub": user.subject}

    def _pair(self) -> KeyPair:
        if self._key is None:
            self._key = signing_key(self._server.session, self._server.protection, self._server.now)
        return self._key


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """A client that signs with its own key (RFC 7523)."""

    CLIENT_AUTH_METHOD = ASSERTION

    def __init__(self, server: _Server) -> None:
        super().__init__()
        self._server = server

    def get_audiences(self) -> list[str]:
        issuer = self._server.issuer
        return [issuer, f"{issuer}/oidc/token", f"{issuer}/oidc/par"]

    def resolve_client_public_key(self, client: Party) -> KeySet:
        keys: Any = client.jwks or {"keys": []}
        return KeySet.import_key_set(keys)

    def validate_jti(self, claims: Mapping[str, Any], jti: object) -> bool:
        """Return whether it comes for the first time, and will be forgotten soon."""
        expires = claims["exp"]
        if not isinstance(jti, str) or expires > self._server.now + ASSERTION_S:
            return False
        key = (claims["sub"], _sha256(jti))
        if self._server.session.get(ClientAssertion, key) is not None:
            return False
        self._server.session.add(
            ClientAssertion(party=key[0], jti_sha256=key[1], expires_unix=float(expires) + self.leeway)
        )
        self._server.session.flush()
        return True


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


def _make_token(**_: object) -> dict[str, Any]:
    return {
        "token_type": "Bearer",
        "access_token": secrets.token_urlsafe(32),
        "expires_in": TOKEN_S,
        "scope": SCOPE,
    }


def _refusal(server: _Server, request: _Request, error: OAuth2Error) -> Reply:
    error.redirect_uri = None  # the answer goes to the client, not through a browser
    reply: Reply = server.handle_error_response(request, error)
    return reply


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
