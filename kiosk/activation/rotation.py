"""A new key for the terminal, signed for by the old one, through any crash in the middle.

    make the next key, on disk ─▶ ask central, signed by the old ─▶ central exchanges ─▶ the next is ours

Wherever it stops, the next key lies on the disk until central has it for certain: central is asked again with
the old key, and if that one is no longer known, with the new. Whoever repeats it ends in the same place.
"""

from collections.abc import Callable

import msgspec

from kiosk.activation.encoding import to_base64url
from kiosk.activation.http_client import HttpClient, Response
from kiosk.activation.identity import Identity, jwk
from kiosk.activation.messages import problem_code
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unreachable

PATH = "/v1/terminals/rotation"


def rotate(wire: HttpClient, who: Identity, clock_unix: Callable[[], float]) -> bytes:
    """The public half of the new key, once central and this terminal have both exchanged it.

    Raises IdentityError if central refuses, CentralError if it was not reached: then repeat it.
    """
    public = who.store.make_next()
    answer = _ask(wire, who, public, who.store.sign, clock_unix())
    if answer.status == 401 and problem_code(answer.body) is Code.REQUEST_SIGNATURE:
        answer = _ask(wire, who, public, who.store.sign_next, clock_unix())
    if answer.status != 200:
        _raise(answer)
    who.store.adopt_next()
    return public


def _ask(
    wire: HttpClient, who: Identity, public: bytes, key: Callable[[bytes], bytes], now: float
) -> Response:
    new = jwk(public)
    proof = who.store.sign_next(f"kiosk-rotate-v1|{who.terminal}|{new.x}".encode())
    body = msgspec.json.encode({"public_key": new, "proof": to_base64url(proof)})
    return wire.call("POST", PATH, body, who.signed("POST", PATH, body, now, key=key))


def _raise(answer: Response) -> None:
    code = problem_code(answer.body)
    detail = f"central answered {answer.status}"
    if 400 <= answer.status < 500:
        raise IdentityError(code or Code.ENROLMENT_REFUSED, detail)
    raise Unreachable(code or Code.CENTRAL_FAULT, detail)
