"""An OpenID Connect provider in memory, which a test can make lie."""

import base64
import hashlib
import itertools
import secrets
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://central.test"
FACE = "urn:central:acr:face"
_KEYS = [RSAKey.generate_key(2048, private=True) for _ in range(2)]


class FakeProvider:
    """Implements `HttpClient`; `change` is merged into the claims of the next tokens, None removes one."""

    def __init__(self, clock):
        self.clock = clock
        self.key = _KEYS[0]
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "pushed_authorization_request_endpoint": f"{ISSUER}/par",
        }
        self.pushed = {}
        self.calls = []
        self.change = {}
        self.token_header = {}
        self._numbers = itertools.count()

    def new_key(self):
        self.key = _KEYS[1]

    def get(self, url):
        self.calls.append(url)
        if url.endswith("/jwks"):
            public = self.key.as_dict(private=False) | {"kid": self.key.thumbprint()}
            return {"keys": [public]}
        assert url == f"{ISSUER}/.well-known/openid-configuration"
        return self.metadata

    def post(self, url, form, auth):
        self.calls.append(url)
        if url.endswith("/par"):
            uri = f"urn:request:{next(self._numbers)}"
            self.pushed[uri] = dict(form)
            return 201, {"request_uri": uri, "expires_in": 60}
        return self.token(form)

    def token(self, form):
        request = self.pushed.get(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if request is None or challenge != request["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        del self.pushed[form["code"]]
        now = int(self.clock())
        claims = {
            "iss": ISSUER, "sub": "subject", "aud": [request["client_id"]], "iat": now, "exp": now + 420,
            "auth_time": now, "nonce": request["nonce"], "acr": FACE,
        } | self.change  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.thumbprint()} | self.token_header
        return 200, {"id_token": jwt.encode(header, claims, self.key), "token_type": "Bearer"}

    def answer(self, address, **change):
        """Return the parameters that the browser brings back for the address it was sent to."""
        [uri] = parse_qs(urlsplit(address).query)["request_uri"]
        found = {"code": uri, "state": self.pushed[uri]["state"], "iss": ISSUER} | change
        return {name: value for name, value in found.items() if value is not None}


def unsigned(claims):
    """Return a token whose header says that it needs no signature."""
    parts = [{"alg": "none", "kid": secrets.token_hex(4)}, claims]
    encoded = (base64.urlsafe_b64encode(str(part).replace("'", '"').encode()).rstrip(b"=") for part in parts)
    return b".".join((*encoded, b"")).decode()
