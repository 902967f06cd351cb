"""Serves the application over TLS until SIGTERM or SIGINT."""

import socket
from pathlib import Path

import uvicorn

from central.api.app import application
from central.api.dependencies import build
from central.settings import Settings


def serve(settings: Settings, host: str, port: int, certificate: Path, key: Path) -> None:
    """Serve; print one line with the address as soon as the socket is bound.

    Raises OSError, and what `build` raises.
    """
    service = build(settings)
    config = uvicorn.Config(
        application(service),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,  # central.api.access_log logs the same without paths
        server_header=False,
        # Idle terminals keep connections open; a request that is cut off is taken up again.
        timeout_graceful_shutdown=3,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=256) as listening:
        bound = listening.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        print(f"central: https://{name}:{bound}{' (simulation)' if settings.simulation else ''}", flush=True)
        uvicorn.Server(config).run(sockets=[listening])
