"""The web application: routes, limits, and the page of each error."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from permit.background import Background
from permit.codes import Code
from permit.errors import PermitError
from permit.service import Service
from permit.web import (
    bind_routes,
    card_routes,
    login_routes,
    offline_routes,
    pages,
    problems,
    simulation_routes,
)
from permit.web.requests import RateLimiter, client_of

log = logging.getLogger(__name__)


def application(service: Service, *, background: bool = True) -> FastAPI:
    """Return the application of `service`, which is closed with it. `background`: do its work, too."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        worker = Background(service)
        if background:
            worker.start()
        try:
            yield
        finally:
            if background:
                worker.stop()
            service.close()

    app = FastAPI(title="permit", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.service = service
    for routes in (bind_routes, card_routes, login_routes, offline_routes):
        app.include_router(routes.router)
    if service.settings.simulation:
        app.include_router(simulation_routes.router)
    app.add_api_route("/healthz", _health, methods=["GET"])
    app.mount("/static", StaticFiles(directory=offline_routes.STATIC), name="static")
    _add_limits(app, service)
    _add_handlers(app)
    return app


def _health() -> Response:
    return JSONResponse({"status": "ok"})


def _add_limits(app: FastAPI, service: Service) -> None:
    http = service.settings.http
    every, forms = RateLimiter(http.per_s, http.burst), RateLimiter(http.posts_per_s, http.posts_burst)

    @app.middleware("http")
    async def limit(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        client = client_of(request)
        try:
            if not request.url.path.startswith("/static/"):
                every.spend(client)
            if request.method != "GET":
                forms.spend(client)
        except PermitError as error:
            return problems.show(request, error.code)
        try:
            return pages.keep_choices(request, await go_on(request))
        except Exception as error:  # its text may be personal
            log.error("a request failed: %s", type(error).__name__)
            return problems.show(request, Code.FAULT)


def _add_handlers(app: FastAPI) -> None:
    @app.exception_handler(PermitError)
    async def refused(request: Request, error: PermitError) -> Response:
        return problems.show(request, error.code)

    @app.exception_handler(HTTPException)
    async def no_page(request: Request, error: HTTPException) -> Response:
        return problems.show(request, Code.NO_PAGE, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, _error: RequestValidationError) -> Response:
        return problems.show(request, Code.MALFORMED)
