"""Serves the application over TLS until SIGTERM or SIGINT, in one process or several.

With several, uvicorn's process manager keeps the listening socket and hands it to the workers, so that a
connection that waits to be accepted outlives a worker. It starts a worker anew that died or hangs, and passes
SIGTERM on. SIGHUP replaces the workers one after the other.
"""

import gc
import math
import os
import tempfile
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import multiprocess

from central import metrics
from central.api.app import application
from central.api.connections import TimedProtocol, allow_many_files, listen
from central.api.dependencies import build
from central.api.graceful_server import GracefulServer
from central.api.readiness import Readiness
from central.logging_setup import install
from central.security import process_hardening
from central.settings import Settings

_HANGING_S = 60  # a worker that does not answer its manager so long is killed; a busy machine is slow


def serve(
    settings: Settings,
    host: str,
    port: int,
    certificate: Path,
    key: Path,
    *,
    workers: int = 1,
    log: str = "auto",
) -> None:
    """Serve; print one line with the address as soon as the socket is bound.

    Raises OSError, and what `build` raises.
    """
    service = build(settings)  # also where workers build their own: what cannot work fails here, once
    if workers > 1:
        service.database.close()
    http = settings.http
    allow_many_files()
    _leave_to_itself()
    config = uvicorn.Config(
        _WorkerApplication(settings, log) if workers > 1 else application(service),
        factory=workers > 1,
        workers=workers,
        timeout_worker_healthcheck=_HANGING_S,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,  # central.api.access_log logs the same without paths
        server_header=False,
        http=partial(TimedProtocol, header_s=http.header_s),  # type: ignore[arg-type]  # only called
        loop="uvloop",
        timeout_keep_alive=http.keep_alive_s,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in http.trusted_proxies],
        timeout_graceful_shutdown=math.ceil(settings.stopping.finish_s),
    )
    with listen(host, port) as listening:
        bound = listening.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        print(f"central: https://{name}:{bound}{' (simulation)' if settings.simulation else ''}", flush=True)
        if workers > 1:
            with tempfile.TemporaryDirectory(prefix="central-metrics-") as folder:
                os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # workers count together
                multiprocess.Multiprocess(config, sockets=[listening]).run()
        else:
            GracefulServer(config, lambda: service.readiness, settings.stopping.drain_s).run([listening])


def _leave_to_itself() -> None:
    """Take what was loaded so far out of the garbage collector's sight: it stays as long as the process."""
    gc.collect()
    gc.freeze()


class _WorkerApplication:
    """Makes the application of a worker process, which ends with the process that started it."""

    def __init__(self, settings: Settings, log: str) -> None:
        self.settings = settings
        self.readiness: Readiness | None = None
        self._log = log

    def __call__(self) -> FastAPI:
        process_hardening.end_with_parent()
        if not self.settings.simulation:
            process_hardening.no_dumps()
        install(self._log)
        service = build(self.settings)
        self.readiness = service.readiness
        made = application(service)
        _leave_to_itself()
        return made


class _Worker(multiprocess.Process):
    """A worker process that stops without cutting off anybody."""

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            made = self.config.app
            assert isinstance(made, _WorkerApplication)
            drain_s = made.settings.stopping.drain_s
            self._server = GracefulServer(self.config, lambda: made.readiness, drain_s)
        return self._server

    def join(self) -> None:
        """Wait for the end, and take the process out of the gauges that count who lives."""
        super().join()
        if metrics.is_multiprocess() and self.process.pid is not None:
            mark_process_dead(self.process.pid)  # type: ignore[no-untyped-call]


multiprocess.Process = _Worker  # type: ignore[misc]  # the manager has no other way to choose its workers
