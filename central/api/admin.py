"""Serves metrics and the checks at an address of their own, without TLS; terminals never come here.

Every process of central listens there. Metrics count all of them together (`central.metrics`), the checks are
those of the process that happens to answer.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from central import metrics
from central.api.dependencies import Service

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving(service: Service) -> AsyncIterator[None]:
    """Serve in the running loop as long as the context is open. Raises OSError if the port is taken."""
    rules = service.settings.observability
    if rules.port is None:
        yield
        return
    config = uvicorn.Config(application(service), log_config=None, access_log=False, server_header=False)
    with _listen(rules.host, rules.port) as listening:
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await task


def application(service: Service) -> Starlette:
    """Return the application of the address for operators."""
    gathered = registry(service)

    def expose(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(gathered), headers={"Content-Type": content_type})

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        return await service.readiness.response()

    return Starlette(routes=[Route("/metrics", expose), Route("/healthz", healthz), Route("/readyz", readyz)])


def registry(service: Service) -> CollectorRegistry:
    """Return what a scrape shows: counts of all processes, and the system's figures."""
    gathered = CollectorRegistry()
    if metrics.is_multiprocess():
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
    else:
        gathered.register(REGISTRY)
    gathered.register(service.figures)
    return gathered


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the terminals' server."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Only processes of one central may share a port: another program's metrics would be mixed with ours.
        listening = socket.create_server((host, port), family=family, reuse_port=metrics.is_multiprocess())
    except OSError as error:
        log.error("[observability] %s port %d: %s", host, port, error.strerror)
        raise
    log.info("metrics at http://%s:%d/metrics", host, listening.getsockname()[1])
    return listening
