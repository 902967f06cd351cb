"""Enrols terminals by one-time code, and takes their new keys and card readers."""

import time

from fastapi import APIRouter

from central.api.routes.common import Central, SignedTerminal, problems
from central.codes import Code
from central.exceptions import Problem
from central.fleet import readers, terminals
from central.protocol.messages import (
    Enrolment,
    EnrolmentRequest,
    PublicKey,
    ReaderReply,
    ReaderRequest,
    RotationReply,
    RotationRequest,
)
from central.security.encoding import base64url
from central.security.terminal_keys import stored_form

router = APIRouter(tags=["terminals"])


@router.post(
    "/v1/terminals",
    status_code=201,
    responses=problems(403, 422, 429),
)
def enrol(request: EnrolmentRequest, central: Central) -> Enrolment:
    """Accept a terminal's public key against a one-time code."""
    key = stored_form(request.public_key)
    with central.database.write() as session:
        place = terminals.enrol(session, request.terminal, request.code, key, request.reader, time.time())
    if place is None:
        raise Problem(403, Code.ENROLMENT_USED)
    challenge_key = base64url(central.keys.challenge.public_key().public_bytes_raw())
    return Enrolment(
        terminal=request.terminal,
        place=place,
        challenge_key=PublicKey(kty="OKP", crv="Ed25519", x=challenge_key),
        sealing=central.keys.sealing.current(),
        reader=request.reader,
    )


@router.post("/v1/terminals/rotation", responses=problems(401, 403, 422, 429))
def rotate(request: RotationRequest, terminal: SignedTerminal, central: Central) -> RotationReply:
    """Replace a terminal's key by a new one; the old key signs the request."""
    key = stored_form(request.public_key)
    with central.database.write() as session:
        terminals.rotate(session, terminal, key, request.proof, time.time())
    return RotationReply(public_key=request.public_key)


@router.post("/v1/terminals/reader", responses=problems(401, 403, 422, 429))
def pin_reader(request: ReaderRequest, terminal: SignedTerminal, central: Central) -> ReaderReply:
    """Pin another card reader to a terminal, if an operator has permitted it."""
    with central.database.write() as session:
        readers.replace(session, terminal, request.reader, time.time())
    return ReaderReply(reader=request.reader)
