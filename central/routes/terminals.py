"""Enrolment: a terminal brings its one-time code and its public key."""

import time

from fastapi import APIRouter, Depends

from central import terminals
from central.keys import base64url
from central.messages import Enrolment, EnrolmentRequest, PublicKey, SealingKey
from central.routes.common import Central, problems, stranger
from central.sealing import ALGORITHM

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
        sealing=_sealing_key(central),
    )


def _sealing_key(central: Central) -> SealingKey:
    key = central.keys.sealing_id
    public = central.keys.sealing[key].public_key().public_bytes_raw()
    return SealingKey(key=key, algorithm=ALGORITHM, public=base64url(public))
