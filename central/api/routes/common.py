"""What routes share: the service, the signed terminal, limits, the problems they may answer with."""

import time
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader
from starlette.concurrency import run_in_threadpool

from central.api.dependencies import Service, service
from central.fleet import signatures
from central.protocol.messages import ProblemBody

Central = Annotated[Service, Depends(service)]

# Only for the OpenAPI document; the checking is done in `signed_terminal`.
_SIGNATURE = APIKeyHeader(
    name="Signature",
    scheme_name="terminal",
    description="HTTP message signature (RFC 9421), Ed25519, see resources/protocol/README.md",
    auto_error=False,
)


async def signed_terminal(
    request: Request, central: Central, _scheme: Annotated[Any, Depends(_SIGNATURE)]
) -> str:
    """Return the terminal whose signature covers this very request. Raises Problem 401, 403, 422 or 429."""
    body = await request.body()
    terminal = await run_in_threadpool(
        signatures.verify,
        central.database,
        signatures.SignedRequest(request.method, str(request.url), request.headers),
        body,
        time.time(),
        central.settings.requests,
    )
    request.state.terminal = terminal
    central.terminal_limiter.spend(terminal, time.monotonic())
    return terminal


def limit_by_address(request: Request, central: Central) -> None:
    """Limit routes without a signature by the caller's address. Raises Problem 429."""
    central.address_limiter.spend(request.client.host if request.client else "-", time.monotonic())


SignedTerminal = Annotated[str, Depends(signed_terminal)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with problems of these statuses."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"model": ProblemBody, "content": content} for status in statuses}
