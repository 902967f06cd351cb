"""The web application: routes, middleware and exception handlers put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from central import __version__
from central.api import exception_handlers, openapi
from central.api.access_log import AccessLog
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
    """Return the application of `service`, which is started and closed with it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.rechecker.start()
        yield
        service.close()

    app = application_without_service(lifespan=lifespan, max_bytes=service.settings.requests.max_bytes)
    app.state.service = service
    if service.settings.simulation:
        app.include_router(simulation.router)
    return app


def application_without_service(max_bytes: int = 512 * 1024, **options: object) -> FastAPI:
    """Return the routes with no service behind them, as the OpenAPI document needs them.

    `max_bytes`: the largest body; `options`: for FastAPI.
    """
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
    for routes in (terminals, heartbeat, challenges, clerks, activations, credentials, health, look_up):
        app.include_router(routes.router)
    app.add_middleware(SizeLimit, max_bytes=max_bytes)
    app.add_middleware(AccessLog)  # the last one added is the outermost
    return app
