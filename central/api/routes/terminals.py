"""Enrols terminals by one-time code, and takes their new keys."""

import time

from fastapi import APIRouter, Depends

from central.api.routes.common import Central, SignedTerminal, limit_by_address, problems
from central.fleet import terminals
from central.protocol.messages import Enrolment, EnrolmentRequest, PublicKey, RotationReply, RotationRequest
from central.security.encoding import base64url
from central.security.sealing import current_sealing_key

router = APIRouter(tags=["terminals"])


@router.post(
    "/v1/terminals",
    status_code=201,
    dependencies=[Depends(limit_by_address)],
    responses=problems(403, 422, 429),
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
        sealing=current_sealing_key(central.keys.sealing),
    )


@router.post("/v1/terminals/rotation", responses=problems(401, 403, 422, 429))
def rotate(request: RotationRequest, terminal: SignedTerminal, central: Central) -> RotationReply:
    """Replace a terminal's key by a new one; the old key signs the request."""
    with central.database.write() as session:
        terminals.rotate(session, terminal, request.public_key.x, request.proof, time.time())
    return RotationReply(public_key=request.public_key)
