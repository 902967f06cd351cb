"""Enrolment: a terminal brings its one-time code and its public key."""

import time

from fastapi import APIRouter, Depends

from central.api.routes.common import Central, SignedTerminal, problems, stranger
from central.fleet import terminals
from central.protocol.messages import Enrolment, EnrolmentRequest, PublicKey, Rotated, Rotation
from central.security.encoding import base64url
from central.security.sealing import handed_out

router = APIRouter(tags=["terminals"])


@router.post(
    "/v1/terminals", status_code=201, dependencies=[Depends(stranger)], responses=problems(403, 422, 429)
)
def enrol(request: EnrolmentRequest, central: Central) -> Enrolment:
    """Accept a terminal's public key against a one-time code."""
    with central.database.write() as session:
        place = terminals.enrol(session, request.terminal, request.code, request.public_key.x, time.time())
    challenge_key = base64url(central.keys.challenge.public_key().public_bytes_raw())
    return Enrolment(
        terminal=request.terminal,
        place=place,
        challenge_key=PublicKey(kty="OKP", crv="Ed25519", x=challenge_key),
        sealing=handed_out(central.keys.sealing),
    )


@router.post("/v1/terminals/rotation", responses=problems(401, 403, 422, 429))
def rotate(request: Rotation, terminal: SignedTerminal, central: Central) -> Rotated:
    """Take a terminal's new key, which the old one signed for, in the place of the old one."""
    with central.database.write() as session:
        terminals.rotate(session, terminal, request.public_key.x, request.proof, time.time())
    return Rotated(public_key=request.public_key)
