"""What routes share: the service, the signed terminal, the problems they may answer with."""

import time
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from central import signatures
from central.messages import ProblemBody
from central.service import Service, service

Central = Annotated[Service, Depends(service)]

# Only for the OpenAPI document; the checking is done in `signed`.
_BEARER = HTTPBearer(
    scheme_name="terminal", bearerFormat="JWT (EdDSA, signed by the terminal)", auto_error=False
)


async def signed(request: Request, central: Central, _scheme: Annotated[Any, Depends(_BEARER)]) -> str:
    """The terminal whose signature covers this very request. Raises Problem 401, 403 or 429."""
    body = await request.body()
    terminal = await run_in_threadpool(
        signatures.verify,
        central.database,
        request.headers.get("authorization", ""),
        request.method,
        request.url.path,
        body,
        time.time(),
        central.settings.requests,
    )
    request.state.terminal = terminal
    central.terminals.spend(terminal, time.monotonic())
    return terminal


def stranger(request: Request, central: Central) -> None:
    """For doors without a signature. Raises Problem 429."""
    central.strangers.spend(request.client.host if request.client else "-", time.monotonic())


SignedTerminal = Annotated[str, Depends(signed)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"model": ProblemBody, "content": content} for status in statuses}
