"""Answers whether central works: terminals ask `/v1/health`, supervisors and proxies the other two."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import literal, select

from central import __version__
from central.api.dependencies import Service
from central.api.routes.common import Central, problems
from central.protocol.messages import Health
from central.storage.prepared import Prepared

router = APIRouter(tags=["health"])
_ASK = Prepared(select(literal(1).label("one")))


@router.get("/v1/health", responses=problems())
def health(central: Central) -> Health:
    """Return that central works, and its time."""
    with central.database.read() as session:
        _ASK(session)
    simulation = central.settings.simulation
    return Health(status="ok", simulation=simulation, time_unix=time.time(), version=__version__)


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """Return that the process lives. It touches nothing that could block."""
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> JSONResponse:
    """Return whether this process should be sent requests, and its checks."""
    service: Service = request.app.state.service
    return await service.readiness.response()
