"""Lets owners end their credential with the slip's number and the password."""

import time
from asyncio import sleep
from collections.abc import AsyncIterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Path

from central.api.routes.common import Central, problems
from central.credentials import lifecycle
from central.exceptions import Problem
from central.protocol.messages import RevocationReply, RevocationRequest

router = APIRouter(tags=["credentials"])

_REFUSED_AFTER_S = 0.5
"""Longer than it takes to compare a password."""


async def refuse_at_fixed_times() -> AsyncIterator[None]:
    """Delay each refusal to a multiple of half a second after the request.

    Only a right serial and number lead to a comparison of passwords, which takes long. Without the delay the
    time of an answer would tell whether they are right, or the credential is closed. Comparing with a false
    password instead would let strangers use up the processor.
    """
    began = time.monotonic()
    try:
        yield
    except Problem:
        await wait_to_refuse(began)
        raise


async def wait_to_refuse(began: float) -> None:
    """Wait for the next time at which a request that began then is refused."""
    await sleep(_REFUSED_AFTER_S - (time.monotonic() - began) % _REFUSED_AFTER_S)


@router.post(
    "/v1/credentials/{serial}/revoke",
    dependencies=[Depends(refuse_at_fixed_times)],
    responses=problems(403, 422, 429),
)
async def revoke(
    serial: Annotated[str, Path(pattern=r"^[0-9A-Z-]{1,32}$")], request: RevocationRequest, central: Central
) -> RevocationReply:
    """End a credential. Ending it again is answered with the time of the first."""
    at = await to_thread.run_sync(
        lifecycle.revoke,
        central.database,
        central.personal_data,
        serial,
        request.id,
        request.password,
        time.time(),
        limiter=central.password_limiter,
    )
    return RevocationReply(credential=serial, at_unix=at)
