"""Routes that exist only in simulation: count credentials, choose people, read text messages."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from central.activation.simulated_authority import People, SimulatedAuthority
from central.api.routes.common import Central
from central.api.routes.oidc import COOKIE, OpenIdProvider
from central.authentication.levels import Level
from central.authentication.provider import RequestOver
from central.codes import Code
from central.credentials import lifecycle
from central.exceptions import Problem
from central.phones.simulated import SimulatedMessages
from central.protocol.messages import VISIT_NUMBER

router = APIRouter(prefix="/simulation", tags=["simulation"])
authentication = APIRouter(prefix="/simulation", include_in_schema=False)


class Counts(BaseModel):
    """How many credentials there are."""

    total: int
    slip: int | None  # of that visit; exactly once means 1


@router.get("/credentials")
def count(central: Central, slip: Annotated[str | None, Query(pattern=VISIT_NUMBER)] = None) -> Counts:
    """Count credentials, in all and for one slip."""
    with central.database.read() as session:
        count_of_slip = None if slip is None else lifecycle.count(session, slip)
        return Counts(total=lifecycle.count(session), slip=count_of_slip)


class ReceivedMessage(BaseModel):
    """A text message as the phone shows it."""

    at_unix: float
    language: str
    code: str
    text: str


@router.get("/messages")
def messages(central: Central, phone: str) -> list[ReceivedMessage]:
    """Return the text messages that a mobile number got, the oldest first."""
    if not isinstance(central.messages, SimulatedMessages):
        raise Problem(409, Code.REQUEST_MALFORMED, "the messages are not simulated")
    return [ReceivedMessage.model_validate(one) for one in central.messages.received(phone)]


@authentication.post("/authentication")
async def authenticate(request: Request, central: Central, provider: OpenIdProvider) -> RedirectResponse:
    """Let a person pass whom a relying party has sent, at a level of the tester's choice."""
    form = await request.form()
    person = central.personal_data.person(str(form["number"]))
    try:
        await run_in_threadpool(
            provider.settle, request.cookies.get(COOKIE, ""), person, Level(str(form["level"]))
        )
    except (RequestOver, ValueError):
        raise Problem(409, Code.REQUEST_MALFORMED, "no request waits for this") from None
    return RedirectResponse("/oidc/person", 303)


@router.put("/people", status_code=204)
def people(request: People, central: Central) -> None:
    """Replace the people whom the simulated register knows."""
    if not isinstance(central.authority, SimulatedAuthority):
        raise Problem(409, Code.REQUEST_MALFORMED, "the register is not the simulated one")
    central.authority.replace(request)
