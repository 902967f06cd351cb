"""Routes that exist only in simulation: count credentials, choose whom the simulated register knows."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from central.activation.simulated_authority import People, SimulatedAuthority
from central.api.routes.common import Central
from central.codes import Code
from central.credentials import lifecycle
from central.exceptions import Problem
from central.protocol.messages import VISIT_NUMBER

router = APIRouter(prefix="/simulation", tags=["simulation"])


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


@router.put("/people", status_code=204)
def people(request: People, central: Central) -> None:
    """Replace the people whom the simulated register knows."""
    if not isinstance(central.authority, SimulatedAuthority):
        raise Problem(409, Code.REQUEST_MALFORMED, "the register is not the simulated one")
    central.authority.replace(request)
