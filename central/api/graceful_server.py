"""A server that stops without cutting off anybody.

On SIGTERM or SIGINT `/readyz` turns to 503 at once, so that a proxy sends nobody new. After `drain_s` the
socket is closed, and idle connections with it; requests that have begun get `finish_s` to be answered. What
is cut off then is answered 503 with `Retry-After` by `central.api.access_log`, and what it claimed is taken
up when its lease ends. A second signal skips `drain_s`.
"""

import time
from collections.abc import Callable
from types import FrameType

import uvicorn

from central.api.readiness import Readiness


class GracefulServer(uvicorn.Server):
    """Server of an application whose readiness tells proxies that it stops.

    `readiness` returns it, or None before the application is made.
    """

    def __init__(
        self, config: uvicorn.Config, readiness: Callable[[], Readiness | None], drain_s: float
    ) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._drain_s = drain_s
        self._close_at = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        readiness = self._readiness()
        if readiness is None or readiness.stopping or not self._drain_s:
            super().handle_exit(sig, frame)
        else:
            self._captured_signals.append(sig)
            self._close_at = time.monotonic() + self._drain_s
        if readiness is not None:
            readiness.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Return whether to close the socket now; called ten times a second."""
        return await super().on_tick(counter) or time.monotonic() >= self._close_at
