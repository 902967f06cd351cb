"""The owner's door: ending a credential with the slip's number and the password."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from central.api.routes.common import Central, problems, stranger
from central.credentials import lifecycle
from central.protocol.messages import Revocation, Revoked

router = APIRouter(tags=["credentials"])


@router.post(
    "/v1/credentials/{serial}/revoke",
    dependencies=[Depends(stranger)],
    responses=problems(403, 422, 429),
)
def revoke(
    serial: Annotated[str, Path(pattern=r"^[0-9A-Z-]{1,32}$")], request: Revocation, central: Central
) -> Revoked:
    """End a credential. Ending it again is answered with the time of the first."""
    at = lifecycle.revoke(
        central.database,
        central.vault,
        serial,
        request.id,
        request.password,
        time.time(),
    )
    return Revoked(credential=serial, at_unix=at)
