"""Takes activation requests and answers with their receipts."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from central.activation.activations import Question
from central.activation.visit_times import parse_clock_off
from central.api.dependencies import Service
from central.api.direct_route import DirectRoute, directly, read_signed
from central.api.routes.common import Central, SignedTerminal, UnspentCall, problems, spend_alone
from central.codes import Code
from central.exceptions import Problem
from central.fleet.signatures import SignedCall
from central.protocol.messages import VISIT_NUMBER, ActivationRequest, Receipt

router = APIRouter(tags=["activations"], route_class=DirectRoute)

_KEY = Header(alias="Idempotency-Key", description="the visit's number, as `id`")
_OFF = Header(alias="Clock-Off", description="central's clock minus that of the visit, as measured; seconds")
_HEAD = Header(alias="Audit-Head", description="`<seq>:<hash>`, the last record of the terminal's audit log")


async def _submit_directly(request: Request) -> Response | None:
    central: Service = request.app.state.service
    if (read := await read_signed(request, central, ActivationRequest)) is None:
        return None
    headers = [request.headers.get(name) for name in ("idempotency-key", "audit-head", "clock-off")]
    receipt = await submit(read[0], request, read[1], central, *headers)
    return Response(receipt.model_dump_json(), media_type="application/json")


@router.post("/v1/activations", responses=problems(400, 401, 403, 409, 413, 422, 428, 429))
@directly(_submit_directly)
async def submit(
    message: ActivationRequest,
    request: Request,
    call: UnspentCall,
    central: Central,
    idempotency_key: Annotated[str | None, _KEY] = None,
    audit_head: Annotated[str | None, _HEAD] = None,
    clock_off: Annotated[str | None, _OFF] = None,
) -> Receipt:
    """Activate a credential, exactly once for each visit number. Repeat the same bytes until it answers."""
    try:
        off_s = _required(message, call, idempotency_key, clock_off)
    except Problem:
        await run_in_threadpool(spend_alone, request, central, call)
        raise
    activations, body = central.activations, await request.body()
    proved = partial(setattr, request.state, "terminal", call.terminal)
    outcome = await run_in_threadpool(activations.begin, message, body, call.head, off_s, call, proved)
    receipt = outcome if isinstance(outcome, Receipt) else await _ask_register(central, outcome)
    if receipt is None:
        receipt = await run_in_threadpool(activations.look_up, message.id, call.terminal)
    assert receipt is not None  # it was claimed
    request.state.code = f"{receipt.status.value}:{receipt.code.value}"
    return receipt


def _required(
    message: ActivationRequest, call: SignedCall, idempotency_key: str | None, clock_off: str | None
) -> float:
    """Check the headers; return by how much the visit's clock was off. Raises Problem 400, 422, 428."""
    if idempotency_key is None:
        raise Problem(400, Code.REQUEST_KEY_MISSING)
    if idempotency_key != message.id or call.terminal != message.terminal:
        raise Problem(422, Code.REQUEST_MALFORMED, "header and body name different visits or terminals")
    if call.head is None:
        # The terminal keeps the request and sends it again: its log cannot be read at the moment.
        raise Problem(428, Code.AUDIT_MISSING, "Audit-Head")
    return parse_clock_off(clock_off)


async def _ask_register(central: Service, question: Question) -> Receipt | None:
    """Wait a bounded time for the register, and without a thread. A later answer is settled all the same."""
    receipts: list[Receipt | None] = []

    def answer() -> None:
        receipts.append(central.activations.answer(question))

    done = central.authority_workers.start(answer, partial(central.activations.give_up, question.claim))
    await asyncio.wait([asyncio.wrap_future(done)], timeout=central.settings.authority.wait_s)
    if done.done() and not done.cancelled():
        if (error := done.result()) is not None:
            raise error
        return receipts[0]
    asked = not (done.cancelled() or central.authority_workers.withdraw(done))
    await run_in_threadpool(central.activations.let_wait, question, asked=asked)
    return None


@router.get("/v1/activations/{id}", responses=problems(401, 403, 404, 409, 422, 429))
def look_up(
    id: Annotated[str, Path(pattern=VISIT_NUMBER)], terminal: SignedTerminal, central: Central
) -> Receipt:
    """Return the receipt of one of this terminal's visits."""
    receipt = central.activations.look_up(id, terminal)
    if receipt is None:
        raise Problem(404, Code.REQUEST_UNKNOWN)
    return receipt
