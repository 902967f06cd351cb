"""Exchange the terminal's key for a new one, safe against a crash at any point.

    make the next key, on disk ─▶ ask central, signed by the old ─▶ central exchanges ─▶ adopt the next

Wherever it stops, the next key stays on the disk until central has it for certain: central is asked again
with the old key, and if that one is no longer known, with the new. Repeating it ends in the same state.
"""

from collections.abc import Callable

import msgspec

from kiosk.activation.encoding import to_base64url
from kiosk.activation.http_client import HttpClient, HttpResponse
from kiosk.activation.identity import Identity, jwk, refusal
from kiosk.activation.messages import problem_code
from kiosk.codes import Code

PATH = "/v1/terminals/rotation"


def rotate(http: HttpClient, identity: Identity, clock_unix: Callable[[], float]) -> bytes:
    """Exchange the key at central and here; return the public half of the new one (32 bytes).

    Raises IdentityError if central refuses, CentralError if it was not reached: then repeat it.
    """
    store = identity.store
    public = store.make_next()
    response = _ask(http, identity, public, store.sign, clock_unix())
    if response.status == 401 and problem_code(response.body) is Code.REQUEST_SIGNATURE:
        response = _ask(http, identity, public, store.sign_next, clock_unix())
    if response.status != 200:
        raise refusal(response)
    store.adopt_next()
    return public


def _ask(
    http: HttpClient, identity: Identity, public: bytes, sign: Callable[[bytes], bytes], now: float
) -> HttpResponse:
    key = jwk(public)
    proof = identity.store.sign_next(f"kiosk-rotate-v1|{identity.terminal}|{key.x}".encode())
    body = msgspec.json.encode({"public_key": key, "proof": to_base64url(proof)})
    return http.call("POST", PATH, body, identity.signed_headers("POST", PATH, body, now, sign=sign))
