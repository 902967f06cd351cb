"""Lets owners end their credential with the slip's number and the password."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from central.api.routes.common import Central, limit_by_address, problems
from central.credentials import lifecycle
from central.protocol.messages import RevocationReply, RevocationRequest

router = APIRouter(tags=["credentials"])


@router.post(
    "/v1/credentials/{serial}/revoke",
    dependencies=[Depends(limit_by_address)],
    responses=problems(403, 422, 429),
)
def revoke(
    serial: Annotated[str, Path(pattern=r"^[0-9A-Z-]{1,32}$")], request: RevocationRequest, central: Central
) -> RevocationReply:
    """End a credential. Ending it again is answered with the time of the first."""
    at = lifecycle.revoke(
        central.database,
        central.personal_data,
        serial,
        request.id,
        request.password,
        time.time(),
    )
    return RevocationReply(credential=serial, at_unix=at)
