"""Face and digits on the phone: what the page of a person calls while a recording is made and judged.

Every call carries the session's cookie; what changes something carries the page's `Origin` too. Answers with
problems have codes of `central.authentication.codes`, and `request_id` as everywhere.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from central.api import authentication_page
from central.api.routes.common import Central
from central.api.routes.oidc import COOKIE, OpenIdProvider, require_same_origin
from central.authentication import prompts
from central.authentication.capture import Capture, Status, Told
from central.authentication.recordings import MOST_CHUNKS
from central.protocol.verification import MAX_FRAMES

router = APIRouter(prefix="/oidc/person", tags=["authentication"], include_in_schema=False)

Time = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


def capture(central: Central) -> Capture:
    """Return the service behind the page."""
    assert central.capture is not None  # there are no such routes without it
    return central.capture


def secret(request: Request) -> str:
    """Return the secret of the browser session; "" without one."""
    return request.cookies.get(COOKIE, "")


def same_origin(request: Request, provider: OpenIdProvider) -> None:
    """Refuse what another site sends. Raises Problem 403."""
    require_same_origin(request, provider)


OfPage = Annotated[Capture, Depends(capture)]
Secret = Annotated[str, Depends(secret)]
CHANGES = [Depends(same_origin)]


class Body(BaseModel):
    """What the page sends; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Agreed(Body):
    """A text that the person has agreed to."""

    language: Literal["zh-Hans", "zh-Hant", "en"]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Finished(Body):
    """A recording that is whole; see `central.authentication.capture.Told`."""

    container: Literal["webm", "mp4"]
    chunks: Annotated[int, Field(ge=1, le=MOST_CHUNKS)]
    started_ms: Time
    shown_ms: Annotated[tuple[Time, ...], Field(max_length=32)]
    frame_times_ms: Annotated[tuple[Time, ...], Field(max_length=2 * MAX_FRAMES)]


class Begun(BaseModel):
    """A recording that has begun."""

    id: str
    prompts: int
    chunk_bytes: int


class Due(BaseModel):
    """A prompt to show at once. `stop_ms`: after the last one the recording ends so much later; else 0."""

    number: int
    digit: int | None
    rgb: tuple[int, int, int]
    at_ms: float
    stop_ms: float


@router.get("/status")
def status(response: Response, capture: OfPage, secret: Secret) -> Status:
    """Return where the person is."""
    response.headers["Cache-Control"] = "no-store"
    return capture.status(secret)


@router.post("/consent", dependencies=CHANGES, status_code=204)
def consent(agreed: Agreed, provider: OpenIdProvider, capture: OfPage, secret: Secret) -> None:
    """Note that the person agrees."""
    known = authentication_page.consent_digest(agreed.language, provider.visitor(secret).party.name)
    capture.consent(secret, agreed.language, agreed.sha256, known)


@router.post("/recordings", dependencies=CHANGES, status_code=201)
def start(capture: OfPage, secret: Secret) -> Begun:
    """Begin a recording."""
    id = capture.start(secret)
    return Begun(id=id, prompts=prompts.count(capture.rules), chunk_bytes=capture.rules.chunk_bytes)


@router.post("/recordings/{id}/prompts/{number}", dependencies=CHANGES)
async def hand_out(id: str, number: int, capture: OfPage, secret: Secret) -> Due:
    """Return a prompt when it is due: the answer waits until then."""
    wait_s = await run_in_threadpool(capture.due_s, secret, id, number)
    await asyncio.sleep(wait_s)
    prompt, stop_ms = await run_in_threadpool(capture.hand_out, secret, id, number)
    return Due(number=number, digit=prompt.digit, rgb=prompt.rgb, at_ms=prompt.at_ms, stop_ms=stop_ms)


@router.put("/recordings/{id}/chunks/{number}", dependencies=CHANGES, status_code=204)
async def store_chunk(id: str, number: int, request: Request, capture: OfPage, secret: Secret) -> None:
    """Store a piece of the recording."""
    await run_in_threadpool(capture.store_chunk, secret, id, number, await request.body())


@router.post("/recordings/{id}/finish", dependencies=CHANGES, status_code=204)
def submit(id: str, finished: Finished, capture: OfPage, secret: Secret) -> None:
    """Hand the recording over for a verdict."""
    capture.submit(secret, id, Told(**finished.model_dump()))


@router.post("/recordings/{id}/abandon", dependencies=CHANGES, status_code=204)
def abandon(id: str, capture: OfPage, secret: Secret) -> None:
    """End a recording that the page cannot finish."""
    capture.abandon(secret, id)


@router.post("/wait", dependencies=CHANGES, status_code=204)
def wait(capture: OfPage, secret: Secret) -> None:
    """Wait until the person has opened a credential at a terminal."""
    capture.wait(secret)
