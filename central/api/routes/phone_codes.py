"""Sends one-time codes to mobile numbers for terminals, and takes what was typed."""

from fastapi import APIRouter

from central import known_keys
from central.api.routes.common import Central, SignedTerminal, problems
from central.codes import Code
from central.exceptions import Problem
from central.fleet import alarms
from central.protocol.messages import (
    PhoneCodeReply,
    PhoneCodeRequest,
    PhoneProofReply,
    PhoneProofRequest,
    Sealed,
)
from central.security.sealing import Unsealable, open_sealed_phone

router = APIRouter(tags=["phone codes"])


@router.post("/v1/phone-codes", responses=problems(401, 403, 409, 422, 429))
def send(request: PhoneCodeRequest, terminal: SignedTerminal, central: Central) -> PhoneCodeReply:
    """Send a code to a mobile number of a visit. 409 while the terminal is held."""
    with central.database.read() as session:
        if alarms.is_held(session, terminal):
            raise Problem(409, Code.TERMINAL_HELD, "see central's alarms")
    phone = _open(central, request.sealed, request.id, terminal)
    return central.phone_codes.send(request.id, terminal, phone, request.language)


@router.post("/v1/phone-proofs", responses=problems(401, 403, 422, 429))
def prove(request: PhoneProofRequest, terminal: SignedTerminal, central: Central) -> PhoneProofReply:
    """Compare what was typed with the code that was sent last for this visit and number."""
    phone = _open(central, request.sealed, request.id, terminal)
    return central.phone_codes.prove(request.id, terminal, phone, request.code)


def _open(central: Central, sealed: Sealed, visit: str, terminal: str) -> str:
    known_keys.need_sealing_key(central.database, central.keys, sealed.key)
    try:
        return open_sealed_phone(sealed, visit, terminal, central.keys.sealing).phone
    except Unsealable:
        raise Problem(422, Code.EVIDENCE_UNSEALABLE) from None
