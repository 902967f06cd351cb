"""Exchange the terminal's key for a new one, safe against a crash at any point.

    make the next key, on disk ─▶ ask central, signed by the old ─▶ central exchanges ─▶ adopt the next

Wherever it stops, the next key stays on the disk until central has it for certain: central is asked again
with the old key, and if that one is no longer known, with the new. Repeating it ends in the same state.
"""

from collections.abc import Callable

import msgspec

from kiosk.activation.answers import problem
from kiosk.activation.encoding import to_base64url
from kiosk.activation.http_client import HttpClient, HttpResponse
from kiosk.activation.identity import Identity, accepted_content
from kiosk.activation.public_key import describe_key
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, Unreachable

PATH = "/v1/terminals/rotation"


def rotate(http: HttpClient, identity: Identity, clock_unix: Callable[[], float]) -> bytes:
    """Exchange the key at central and here; return the public half of the new one.

    Raises IdentityError if central refuses, CentralError if it was not reached: then repeat it.
    """
    store = identity.store
    public = store.make_next()
    response = _ask(http, identity, public, store.sign, clock_unix())
    if response.status == 401 and problem(response) is Code.REQUEST_SIGNATURE:
        response = _ask(http, identity, public, store.sign_next, clock_unix())
    _require_echo(accepted_content(response), public)
    store.adopt_next()
    return public


def _require_echo(raw: bytes, public: bytes) -> None:
    """Raise Unreachable unless central's answer names the new key: only then has it taken it."""
    try:
        known = msgspec.json.decode(raw)["public_key"] == msgspec.to_builtins(describe_key(public).jwk)
    except (TypeError, KeyError, *UNREADABLE):
        known = False
    if not known:
        raise Unreachable(Code.CENTRAL_FAULT, "the answer does not name the new key")


def _ask(
    http: HttpClient, identity: Identity, public: bytes, sign: Callable[[bytes], bytes], now: float
) -> HttpResponse:
    key = describe_key(public)
    proof = identity.store.sign_next(f"kiosk-rotate-v1|{identity.terminal}|{key.text}".encode())
    body = msgspec.json.encode({"public_key": key.jwk, "proof": to_base64url(proof)})
    return http.call("POST", PATH, body, identity.signed_headers("POST", PATH, body, now, sign=sign))
