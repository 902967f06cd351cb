"""Serves the application until SIGTERM or SIGINT."""

import uvicorn

from permit.service import build
from permit.settings import Settings
from permit.web.app import application


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve. Raises SettingsError, OSError, ValueError."""
    http = settings.http
    app = application(build(settings))
    certificate, key = settings.path(http.certificate), settings.path(http.key)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,  # addresses of pages hold no data, but the callers' would be logged
        server_header=False,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in http.trusted_proxies],
        timeout_graceful_shutdown=15,
    )
    print(f"permit: {settings.address}{' (simulation)' if settings.simulation else ''}", flush=True)
    uvicorn.Server(config).run()
