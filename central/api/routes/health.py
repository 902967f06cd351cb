"""Answers whether central and its database work."""

import time

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from central import __version__
from central.api.routes.common import Central, problems
from central.codes import Code
from central.exceptions import Problem
from central.protocol.messages import Health

router = APIRouter(tags=["health"])


@router.get("/v1/health", responses=problems(503))
def health(central: Central) -> Health:
    """Return that central works, and its time."""
    try:
        with central.database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        raise Problem(503, Code.CENTRAL_FAULT, "the database does not answer") from None
    simulation = central.settings.simulation
    return Health(status="ok", simulation=simulation, time_unix=time.time(), version=__version__)
