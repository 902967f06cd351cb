"""The web application: routes, middleware and exception handlers put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from central import __version__
from central.api import admin, exception_handlers, openapi
from central.api.access_log import AccessLog
from central.api.admission import Admission, Lanes, Work
from central.api.dependencies import Service
from central.api.middleware import BodyLimit
from central.api.routes import (
    activations,
    authentication_capture,
    challenges,
    clerks,
    credentials,
    health,
    heartbeat,
    look_up,
    oidc,
    owner,
    phone_codes,
    points,
    simulation,
    terminals,
    visits,
)


def application(service: Service) -> FastAPI:
    """Return the application of `service`, which is started and closed with it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.rechecker.start()
        service.maintenance.start()
        async with admin.serving(service):
            yield
        service.close()

    app = application_without_service(lifespan=lifespan)
    app.state.service = service
    if service.settings.simulation:
        app.include_router(simulation.router)
    if service.provider is not None:
        app.include_router(oidc.router)
        app.include_router(authentication_capture.router)
        if service.settings.simulation:
            app.include_router(simulation.authentication)
    _add_middlewares(app, service)
    return app


def _add_middlewares(app: FastAPI, service: Service) -> None:
    """Add them from the inside out: a request meets the last one first."""
    settings = service.settings
    lanes = Lanes(settings.overload)
    app.add_middleware(Work, lanes=lanes)
    app.add_middleware(BodyLimit, max_bytes=settings.requests.max_bytes, within_s=settings.http.body_s)
    app.add_middleware(
        Admission,
        lanes=lanes,
        terminals=service.terminal_limiter,
        strangers=service.address_limiter,
        rules=settings.requests,
    )
    app.add_middleware(AccessLog)


def application_without_service(**options: object) -> FastAPI:
    """Return the routes with no service behind them, as the OpenAPI document needs them.

    `options`: for FastAPI.
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
    for routes in (
        activations,  # the first two are asked most, and routes are tried in this order
        heartbeat,
        terminals,
        challenges,
        clerks,
        phone_codes,
        credentials,
        health,
        look_up,
        owner,
        points,
        visits,
    ):
        app.include_router(routes.router)
    return app
