"""Takes activation requests and answers with their receipts."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from starlette.concurrency import run_in_threadpool

from central.api.routes.common import Central, SignedTerminal, problems
from central.codes import Code
from central.exceptions import Problem
from central.protocol.messages import VISIT_NUMBER, ActivationRequest, Receipt

router = APIRouter(tags=["activations"])

_KEY = Header(alias="Idempotency-Key", description="the visit's number, as `id`")


@router.post("/v1/activations", responses=problems(400, 401, 403, 409, 413, 422, 429))
async def submit(
    message: ActivationRequest,
    request: Request,
    terminal: SignedTerminal,
    central: Central,
    idempotency_key: Annotated[str | None, _KEY] = None,
) -> Receipt:
    """Activate a credential, exactly once for each visit number. Repeat the same bytes until it answers."""
    if idempotency_key is None:
        raise Problem(400, Code.REQUEST_KEY_MISSING)
    if idempotency_key != message.id or terminal != message.terminal:
        raise Problem(422, Code.REQUEST_MALFORMED, "header and body name different visits or terminals")
    body = await request.body()
    receipt = await run_in_threadpool(central.activations.submit, message, body)
    request.state.code = f"{receipt.status.value}:{receipt.code.value}"
    return receipt


@router.get("/v1/activations/{id}", responses=problems(401, 403, 404, 409, 422, 429))
def look_up(
    id: Annotated[str, Path(pattern=VISIT_NUMBER)], terminal: SignedTerminal, central: Central
) -> Receipt:
    """Return the receipt of one of this terminal's visits."""
    receipt = central.activations.look_up(id, terminal)
    if receipt is None:
        raise Problem(404, Code.REQUEST_UNKNOWN)
    return receipt
