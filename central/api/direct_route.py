"""Routes that are served without FastAPI's machinery as long as nothing is wrong with the request.

To resolve the parameters of a route costs FastAPI more than its whole work costs the database. A route of the
class `DirectRoute` may have an attribute `directly`: it reads a request that is written as terminals write
it, calls the route and returns the response. For any other it returns None, and FastAPI takes the request:
there only are refusals made, and the OpenAPI document comes from the same route.
"""

import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from central.api.dependencies import Service
from central.api.routes.common import signed_call
from central.fleet.signatures import SignedCall

Directly = Callable[[Request], Awaitable[Response | None]]
_Message = TypeVar("_Message", bound=BaseModel)


class DirectRoute(APIRoute):
    """Asks the endpoint's `directly` first, if there is one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        general, directly = super().get_route_handler(), getattr(self.endpoint, "directly", None)
        if directly is None:
            return general

        async def answer(request: Request) -> Response:
            response: Response | None = await directly(request)
            return response if response is not None else await general(request)

        return answer


def directly(direct: Directly) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate an endpoint with what serves it directly."""

    def decorate(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        endpoint.directly = direct  # type: ignore[attr-defined]
        return endpoint

    return decorate


async def read_signed(
    request: Request, central: Service, kind: type[_Message]
) -> tuple[_Message, SignedCall] | None:
    """Return message and call of a signed request; None if it is for FastAPI to say what is wrong.

    Raises Problem 401, 403, 422 for the signature.
    """
    call = await signed_call(request, central)
    if request.headers.get("content-type") != "application/json":
        return None
    try:
        return kind.model_validate(json.loads(await request.body())), call
    except (ValueError, RecursionError):
        return None
