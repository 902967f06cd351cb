"""The web application: doors, and what stands before each of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from central import __version__
from central.api import exception_handlers, openapi
from central.api.access_log import Journal
from central.api.dependencies import Service
from central.api.middleware import SizeLimit
from central.api.routes import (
    activations,
    challenges,
    clerks,
    credentials,
    health,
    heartbeat,
    look_up,
    simulation,
    terminals,
)


def application(service: Service) -> FastAPI:
    """`service` is started and closed with the application."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.rechecker.start()
        yield
        service.close()

    app = bare(lifespan=lifespan, max_bytes=service.settings.requests.max_bytes)
    app.state.service = service
    if service.settings.simulation:
        app.include_router(simulation.router)
    return app


def bare(max_bytes: int = 512 * 1024, **options: object) -> FastAPI:
    """The doors without anything behind them: what the OpenAPI document is made from."""
    app = FastAPI(
        title="central",
        version=__version__,
        summary="Activates online ID-card credentials for terminals, each exactly once.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        **options,  # type: ignore[arg-type]
    )
    exception_handlers.install(app)
    app.openapi = lambda: openapi.openapi(app)  # type: ignore[method-assign]
    for door in (terminals, heartbeat, challenges, clerks, activations, credentials, health, look_up):
        app.include_router(door.router)
    app.add_middleware(SizeLimit, max_bytes=max_bytes)
    app.add_middleware(Journal)  # the last one added is the outermost
    return app
