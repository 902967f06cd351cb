"""What routes share: the service, the signed terminal, limits, the problems they may answer with."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from central.api.dependencies import Service, service
from central.api.middleware import network
from central.fleet import signatures
from central.fleet.signatures import SignedCall
from central.protocol.messages import ProblemBody

Central = Annotated[Service, Depends(service)]

# Only for the OpenAPI document; the checking is done in `signed_terminal`.
_SIGNATURE = APIKeyHeader(
    name="Signature",
    scheme_name="terminal",
    description="HTTP message signature (RFC 9421), Ed25519 or ECDSA P-256, see resources/protocol/README.md",
    auto_error=False,
)


async def signed_terminal(
    request: Request, central: Central, _scheme: Annotated[Any, Depends(_SIGNATURE)]
) -> str:
    """Return the terminal whose signature covers this very request. Raises Problem 401, 403, 422."""
    call = await signed_call(request, central)
    await run_in_threadpool(spend_alone, request, central, call)
    return call.terminal


async def unspent_call(
    request: Request, central: Central, _scheme: Annotated[Any, Depends(_SIGNATURE)]
) -> AsyncIterator[SignedCall]:
    """Return who signed this request, for a route that spends the signature in its own transaction.

    If the body is malformed the signature is spent here. Raises Problem 401, 403, 422.
    """
    call = await signed_call(request, central)
    try:
        yield call
    except RequestValidationError:
        await run_in_threadpool(spend_alone, request, central, call)
        raise


async def signed_call(request: Request, central: Central) -> SignedCall:
    """Return who signed this very request, which `signatures.spend` lets pass once.

    A thread is needed for a terminal's first request here only, to ask the database. Raises Problem 401, 403,
    422.
    """
    signed = signatures.SignedRequest(request.method, str(request.url), request.headers)
    body, rules = await request.body(), central.settings.requests
    call = signatures.authenticate_if_known(central.terminal_keys, signed, body, time.time(), rules)
    if call is None:
        call = await run_in_threadpool(
            signatures.authenticate, central.terminal_keys, signed, body, time.time(), rules
        )
    return call


def spend(request: Request, call: SignedCall, session: Session) -> None:
    """Let a request pass once, in this transaction. Raises Problem 401, 403."""
    signatures.admit(session, call)
    signatures.spend(session, call, time.time())
    request.state.terminal = call.terminal  # from here on it is proved


def spend_alone(request: Request, central: Service, call: SignedCall) -> None:
    """Let a request pass once, in a transaction of its own. Raises Problem 401, 403."""
    with central.database.write() as session:
        spend(request, call, session)


def limit_by_address(request: Request, central: Central) -> None:
    """Limit routes without a signature by the caller's address. Raises Problem 429."""
    name = network(request.client.host) if request.client else "-"
    central.address_limiter.spend(name, time.monotonic())


SignedTerminal = Annotated[str, Depends(signed_terminal)]
UnspentCall = Annotated[SignedCall, Depends(unspent_call)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with problems of these statuses, or 503 as any."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"model": ProblemBody, "content": content} for status in (*statuses, 503)}
