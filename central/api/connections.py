"""The listening socket, and how long a client may take to send the headers of a request."""

import asyncio
import resource
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 65_536
"""Request line and headers together; a terminal's have about 1,500 bytes."""
_BACKLOG = 4096
"""Connections that wait to be accepted; Linux takes the smaller of this and `net.core.somaxconn`."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket whose connections send small answers at once. Raises OSError.

    Without TCP_NODELAY each answer waits for the client's delayed acknowledgement, 40 ms on Linux. uvloop
    sets it itself; asyncio only on sockets whose `proto` is IPPROTO_TCP, and those of `create_server` have 0.
    Accepted connections inherit the option.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def allow_many_files() -> None:
    """Raise this process's limit of open files as far as it may: each terminal keeps a connection open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class TimedProtocol(HttpToolsProtocol):
    """Closes a connection whose request headers do not arrive whole in time, or are too long.

    uvicorn limits only the pause between two requests.
    """

    def __init__(self, *arguments: Any, header_s: float, **named: Any) -> None:
        """`header_s`: how long the headers of a request may take; the rest is uvicorn's."""
        super().__init__(*arguments, **named)
        self._header_s = header_s
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time for the first request's headers."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to headers: the parser has no limit of its own."""
        super().data_received(data)
        if self._timer is not None:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Start the time for this request's headers."""
        super().on_message_begin()
        self._start_timer()

    def on_headers_complete(self) -> None:
        """Stop the timer; reading the body has its own limit, see `central.api.middleware.BodyLimit`."""
        self._stop_timer()
        super().on_headers_complete()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._header_s, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._header_bytes = None, 0

    def _too_slow(self) -> None:
        self._timer = None
        self.transport.abort()
